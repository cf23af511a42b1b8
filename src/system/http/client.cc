#include "system/http/client.h"

#include "system/http/reader.h"
#include "system/http/writer.h"
#include "system/net/gone.h"

namespace pidge::http {

namespace {

[[noreturn]] void give_up(const std::string& why) {
    throw net::Gone(net::Gone::Why::reset, "HTTP: " + why);
}

// Reads more, or tells the reader that the answer has ended. True when it is complete with that.
net::Task<bool> feed(net::Stream& stream, Reader& reader, std::string& pending) {
    char buffer[16 * 1024];
    const std::size_t size = co_await stream.read_some(buffer);
    pending.append(buffer, size);
    if (size > 0) co_return false;
    const auto ended = reader.end();
    if (!ended) give_up("the service closed the connection within its answer");
    co_return true;
}

net::Task<Response> read_response(net::Stream& stream, Reader::Kind kind, const Limits& limits,
                                  std::string& pending) {
    Reader reader(kind, limits);
    stream.set_deadline(limits.header_timeout);
    std::size_t granted = 0;
    for (;;) {
        const auto progress = reader.take(pending);
        if (!progress) give_up(progress.error().text);
        if (*progress == Reader::Progress::complete) break;
        if (*progress == Reader::Progress::header_read) continue;
        if (*progress == Reader::Progress::body_missing && reader.body_octets() >= granted) {
            stream.set_deadline(limits.body_timeout);
            granted = reader.body_octets() + body_progress_octets;
        }
        const bool is_complete = co_await feed(stream, reader, pending);
        if (is_complete) break;
    }
    co_return Response{
        .status = reader.status(), .fields = reader.fields(), .body = reader.release_body()};
}

}  // namespace

net::Task<Response> request(net::Stream& stream, Request request, Limits limits) {
    stream.set_deadline(limits.write_timeout);
    const std::string octets = write_request(request);
    co_await stream.write(octets);

    const auto kind =
        request.method == "HEAD" ? Reader::Kind::response_to_head : Reader::Kind::response;
    std::string pending;
    // RFC 9110 §15.2: interim answers come before the final one; a handful at most makes sense.
    for (int interim = 0; interim < 10; ++interim) {
        Response response = co_await read_response(stream, kind, limits, pending);
        if (response.status < 200) continue;
        if (!pending.empty()) give_up("octets follow the answer that nobody asked for");
        co_return response;
    }
    give_up("nothing but interim answers came");
}

}  // namespace pidge::http
