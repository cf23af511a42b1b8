#include "protocols/smtp/server/session/session.h"

#include "base/text.h"
#include "protocols/smtp/wire/line_scanner.h"
#include "protocols/smtp/wire/reply.h"
#include "system/net/loop.h"
#include "system/net/timer.h"

namespace pidge::smtp {

Refusal out_of_sequence(std::string_view text) {
    return {.kind = Refusal::Kind::sequence,
            .text = std::string(text),
            .status = {5, 5, 1},
            .reply_code = 503};
}

Refusal not_offered(std::string_view text) {
    return {.kind = Refusal::Kind::unsupported,
            .text = std::string(text),
            .status = {5, 5, 1},
            .reply_code = 502};
}

Refusal too_early() {
    return {.kind = Refusal::Kind::sequence,
            .text = "You must wait for each reply",
            .status = {5, 5, 0},
            .reply_code = 554};
}

namespace {

std::size_t limit_of(Session::Line line, std::string_view buffered) {
    const bool is_auth = line == Session::Line::response || text::istarts_with(buffered, "AUTH ");
    return is_auth ? limits::auth_line_octets : limits::command_line_octets;
}

}  // namespace

Session::Session(std::unique_ptr<net::Stream> stream, Backend& factory,
                 const ServerOptions& server_options)
    : channel(std::move(stream)),
      options(server_options),
      backend(factory.session({.service = options.service,
                               .local = channel.stream().local(),
                               .remote = channel.stream().remote(),
                               .listener = options.listener})),
      login_deadline_(net::this_loop().now() + limits::login_timeout) {
    if (const net::TlsInfo* tls = channel.stream().tls()) client.tls = *tls;
}

void Session::reply(std::uint16_t code, std::optional<EnhancedStatus> status,
                    std::string_view text) {
    append_reply(channel.out(), code, status, text);
}

void Session::reply(const Refusal& refusal) {
    append_reply(channel.out(), reply_of(refusal));
}

void Session::refuse(Verb verb, const Refusal& refusal) {
    backend->refused(name_of(verb), refusal);
    Reply said = reply_of(refusal);
    // RFC 2034 §4: replies to EHLO and HELO carry no status.
    if (verb == Verb::ehlo || verb == Verb::helo) said.status.reset();
    append_reply(channel.out(), said);
    // Whoever has reached a limit has made no mistake: a client with more recipients than we take
    // hears so for each.
    if (refusal.kind == Refusal::Kind::limit || ++errors < limits::errors_max) return;
    reply_and_close(421, EnhancedStatus{4, 7, 0}, "Too many errors, goodbye");
}

void Session::reply_and_close(std::uint16_t code, std::optional<EnhancedStatus> status,
                              std::string_view text) {
    reply(code, status, text);
    close(text);
}

void Session::refuse_and_close(Verb verb, const Refusal& refusal) {
    backend->refused(name_of(verb), refusal);
    reply(refusal);
    close(refusal.text);
}

void Session::close(std::string_view why) {
    if (!std::exchange(is_closing_, true)) closing_ = why;
}

void Session::reset_transaction() {
    transaction = Transaction();
    backend->reset();
}

void Session::forget_client() {
    reset_transaction();
    client.helo.clear();
    client.is_extended = false;
}

net::Task<void> Session::delay(std::chrono::milliseconds time) {
    if (options.delay)
        co_await options.delay(time);
    else
        co_await net::sleep_for(time);
}

// attacks.md F14: a time for each command, and one for all of them until a login that is required.
std::chrono::milliseconds Session::time_for_command() const {
    const bool is_crowded = options.is_crowded && options.is_crowded();
    auto time = is_crowded ? limits::command_timeout_crowded : limits::command_timeout;
    if (!must_log_in()) return time;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(login_deadline_ -
                                                                            net::this_loop().now());
    return std::max(std::min(time, left), std::chrono::milliseconds(0));
}

net::Task<std::optional<std::string_view>> Session::read_line(Line kind) {
    LineScanner scanner;
    channel.stream().set_deadline(time_for_command());
    for (;;) {
        const std::size_t limit = limit_of(kind, channel.buffered());
        const LineScanner::Found found = scanner.find(channel.buffered(), limit);
        switch (found.status) {
            case LineScanner::Status::line:
                channel.consume(found.octets);
                co_return found.line;
            case LineScanner::Status::fault:
                // Where the next command would begin is anybody's guess.
                refuse_and_close(Verb::unknown,
                                 {.text = "Lines must end with CR LF, and hold no CR, LF or NUL",
                                  .status = {5, 5, 2},
                                  .reply_code = 500});
                co_return std::nullopt;
            case LineScanner::Status::too_long:
                co_await discard_overlong_line(limit);
                co_return std::nullopt;
            case LineScanner::Status::incomplete:
                break;
        }
        channel.release();
        const bool is_open = co_await channel.fill();
        if (is_open) continue;
        close("the client closed the connection");
        co_return std::nullopt;
    }
}

// attacks.md F13: reading on for a while lets a client that is merely mistaken see the reply, which
// a reset connection would take from it.
net::Task<void> Session::discard_overlong_line(std::size_t limit) {
    refuse_and_close(Verb::unknown,
                     {.text = "The line is too long", .status = {5, 5, 2}, .reply_code = 500});
    reply(421, EnhancedStatus{4, 7, 0}, "Goodbye");
    co_await channel.flush();
    channel.stream().set_deadline(limits::farewell_timeout);
    parting = Parting::abrupt;
    std::size_t discarded = 0;
    while (discarded < limit + limits::overlong_line_discard_octets) {
        const std::string_view seen = channel.buffered();
        const bool has_end = seen.find("\r\n") != std::string_view::npos;
        discarded += seen.size();
        channel.consume(seen.size());
        if (has_end) co_return;
        const bool is_open = co_await channel.fill();
        if (!is_open) co_return;
    }
}

}  // namespace pidge::smtp
