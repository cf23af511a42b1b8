#include "system/http/server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <exception>
#include <optional>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "system/http/reader.h"
#include "system/http/target.h"
#include "system/http/writer.h"
#include "system/net/gone.h"

namespace pidge::http {

namespace {

metrics::Counter answered{"pidge_http_requests_total", "HTTP requests that were answered."};
metrics::Counter malformed{"pidge_http_requests_malformed_total",
                           "HTTP requests that could not be read."};

constexpr log::Event handler_failed{
    "http-handler-failed", log::Level::warning,
    "A request over HTTP was answered with 503, because a service that it needs failed.",
    "Look at the reason; if it is the database or the directory service, see that it runs."};

constexpr std::size_t read_octets = 16 * 1024;

// One connection; lives in the frame of serve().
class Connection {
 public:
    Connection(net::Stream& stream, const Handler& handler, const Limits& limits)
        : stream_(stream), handler_(handler), limits_(limits) {}

    net::Task<void> run() {
        for (std::size_t count = 1; count <= limits_.requests_max; ++count) {
            const bool is_kept = co_await one_request(count < limits_.requests_max);
            if (!is_kept) break;
        }
        co_await stream_.shutdown();
    }

 private:
    // False at the end of the stream.
    net::Task<bool> read_more() {
        char buffer[read_octets];
        const std::size_t size = co_await stream_.read_some(buffer);
        pending_.append(buffer, size);
        co_return size > 0;
    }

    net::Task<bool> one_request(bool may_keep) {
        if (pending_.empty()) {
            // Waits without a buffer: most connections are idle most of the time.
            stream_.set_deadline(limits_.idle_timeout);
            co_await stream_.wait_readable();
            stream_.set_deadline(limits_.header_timeout);
            const bool is_more = co_await read_more();
            if (!is_more) co_return false;
        }
        Reader reader(Reader::Kind::request, limits_);
        stream_.set_deadline(limits_.header_timeout);
        Result<> read = co_await read_header(reader);
        if (read) read = co_await read_body(reader);
        if (!read) {
            if (read.error().reply_code == 0) co_return false;  // the peer has gone in the middle
            malformed.add();
            Response response = text_response(read.error().reply_code, read.error().text);
            co_await write(reader.method(), std::move(response), Keep::no);
            co_return false;
        }
        co_return co_await answer(reader, may_keep);
    }

    static Refusal gone() { return Refusal{.text = "The connection ended within a request."}; }

    net::Task<Result<>> read_header(Reader& reader) {
        for (;;) {
            const auto progress = CO_TRY(reader.take(pending_));
            if (progress == Reader::Progress::header_read) co_return Result<>();
            const bool is_more = co_await read_more();
            if (!is_more) co_return gone();
        }
    }

    net::Task<Result<>> read_body(Reader& reader) {
        CO_TRY(co_await expect(reader));
        stream_.set_deadline(limits_.body_timeout);
        std::size_t granted = body_progress_octets;
        for (;;) {
            const auto progress = CO_TRY(reader.take(pending_));
            if (progress == Reader::Progress::complete) co_return Result<>();
            if (reader.body_octets() >= granted) {
                stream_.set_deadline(limits_.body_timeout);
                granted = reader.body_octets() + body_progress_octets;
            }
            const bool is_more = co_await read_more();
            if (!is_more) co_return gone();
        }
    }

    // RFC 9110 §10.1.1: a client that asks whether to send the body is told so, unless it sends it
    // already.
    net::Task<Result<>> expect(Reader& reader) {
        const auto expectation = reader.fields().find("Expect");
        if (!expectation || reader.version() == 10) co_return Result<>();
        if (!reader.fields().has_token("Expect", "100-continue"))
            co_return Refusal{.text = "No expectation but 100-continue can be met.",
                              .reply_code = 417};
        if (pending_.empty()) co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
        co_return Result<>();
    }

    net::Task<bool> answer(Reader& reader, bool may_keep) {
        ServerRequest request;
        request.method = reader.method();
        request.fields = reader.fields();
        request.body = reader.release_body();
        request.remote = stream_.remote();
        request.tls = stream_.tls();
        const bool is_kept = may_keep && reader.version() == 11 && reader.keeps_connection();
        // RFC 9110 §9.3.7: "OPTIONS *" is about the server as a whole.
        Result<Target> target = request.method == "OPTIONS" && reader.target() == "*"
                                    ? Target{.path = "*", .query = {}}
                                    : read_target(reader.target());
        if (!target) {
            malformed.add();
            Response response = text_response(400, target.error().text);
            co_await write(reader.method(), std::move(response), is_kept ? Keep::yes : Keep::no);
            co_return is_kept;
        }
        request.path = std::move(target->path);
        request.query = std::move(target->query);

        ServerResponse response = co_await handle(std::move(request));
        answered.add();
        if (!response.then) {
            co_await write(reader.method(), std::move(response), is_kept ? Keep::yes : Keep::no);
            co_return is_kept;
        }
        const auto then = std::move(response.then);
        stream_.set_deadline(limits_.write_timeout);
        const std::string header = write_response_header(response, Keep::no, Length::open, dated());
        co_await stream_.write(header);
        if (reader.method() != "HEAD") co_await then(stream_);
        co_return false;
    }

    net::Task<ServerResponse> handle(ServerRequest request) {
        std::string failure;
        try {
            // The handler may take its time, within deadlines of its own.
            stream_.set_deadline(limits_.idle_timeout);
            co_return co_await handler_(std::move(request));
        } catch (const std::exception& error) {
            failure = error.what();
        }
        log::write(handler_failed, {{"client", stream_.remote().text()}, {"reason", failure}});
        co_return text_response(503, "The server cannot do this now. Try again later.");
    }

    net::Task<void> write(const std::string& method, Response response, Keep keep) {
        stream_.set_deadline(limits_.write_timeout);
        std::string octets = write_response_header(response, keep, Length::known, dated());
        if (method != "HEAD" && may_have_body(response.status)) octets += response.body;
        co_await stream_.write(octets);
    }

    static std::string dated() {
        const auto now = std::chrono::floor<std::chrono::seconds>(system_clock().now());
        return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                           fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
    }

    net::Stream& stream_;
    const Handler& handler_;
    const Limits& limits_;
    std::string pending_;
};

}  // namespace

net::Task<void> serve(std::unique_ptr<net::Stream> stream, Handler handler, Limits limits) {
    try {
        Connection connection(*stream, handler, limits);
        co_await connection.run();
    } catch (const net::Gone&) {
        // The peer left, or took too long; there is nobody to tell.
    }
    stream->close();
}

}  // namespace pidge::http
