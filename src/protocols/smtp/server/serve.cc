#include "protocols/smtp/server/serve.h"

#include <exception>

#include "base/text.h"
#include "protocols/smtp/server/session/drain.h"
#include "protocols/smtp/server/session/session.h"
#include "protocols/smtp/server/table.h"
#include "protocols/smtp/wire/command.h"
#include "protocols/smtp/wire/reply.h"
#include "system/net/gone.h"

namespace pidge::smtp {
namespace {

// A last reply that a session did not come to make itself.
struct Farewell {
    EnhancedStatus status;
    std::string_view text;
};

bool is_draining(const Session& session) {
    return session.options.drain != nullptr && session.options.drain->is_started();
}

// The greeting, or what is said instead of it (RFC 5321 §3.1).
net::Task<void> greet(Session& session) {
    const Result<void> opened = co_await session.backend->open();
    if (!opened) {
        Reply reply = reply_of(opened.error());
        // RFC 5321 §3.1, RFC 7504 §3: 554 or 521 for good, 421 for now.
        if (reply.is_temporary())
            reply.code = 421;
        else if (reply.code != 521)
            reply.code = 554;
        append_reply(session.channel.out(), reply);
        session.close(opened.error().text);
    } else if (session.channel.has_input()) {
        session.refuse_and_close(Verb::unknown, too_early());
    } else {
        session.reply(220, std::nullopt, session.options.host_name + " ESMTP");
    }
}

// attacks.md F06: the octets behind this command were sent by someone who does not listen.
bool is_too_early(Session& session, const CommandEntry& entry) {
    const bool must_wait =
        (entry.flags & CommandEntry::waits) != 0 ||
        (!session.client.is_extended && (entry.flags & CommandEntry::payload) == 0);
    return must_wait && session.channel.has_input();
}

net::Task<void> run_known(Session& session, const CommandEntry& entry, std::string_view argument) {
    if (is_too_early(session, entry)) {
        session.refuse_and_close(entry.verb, too_early());
        co_return;
    }
    if ((entry.flags & CommandEntry::idle) != 0 &&
        ++session.idle_commands > limits::idle_commands_max) {
        session.reply_and_close(421, EnhancedStatus{4, 7, 0},
                                "Too many commands without a message, goodbye");
        co_return;
    }
    const State state = state_of(session);
    if ((entry.states & static_cast<std::uint8_t>(state)) == 0) {
        session.refuse(entry.verb,
                       out_of_sequence(state == State::fresh     ? "Send EHLO first"
                                       : state == State::greeted ? "Send MAIL first"
                                                                 : "Not within a transaction"));
        co_return;
    }
    co_await entry.handler(session, argument);
}

net::Task<void> run_line(Session& session, std::string_view line) {
    const Result<Command> command = parse_command(line);
    if (!command) {
        session.refuse(Verb::unknown, command.error());
        co_return;
    }
    if (command->verb == Verb::http) {
        session.reply_and_close(421, EnhancedStatus{4, 7, 0}, "This is a mail server");
        co_return;
    }
    const CommandEntry* const entry = find_command(command->verb);
    if (entry == nullptr) {
        session.refuse(Verb::unknown,
                       {.text = "Command unknown", .status = {5, 5, 2}, .reply_code = 500});
        co_return;
    }
    co_await run_known(session, *entry, command->argument);
}

net::Task<std::optional<std::string_view>> next_line(Session& session) {
    const Drain::Waiting waiting(session);
    co_return co_await session.read_line(Session::Line::command);
}

net::Task<void> converse(Session& session) {
    co_await greet(session);
    while (!session.is_closing()) {
        if (is_draining(session) && !session.has_transaction()) {
            session.reply_and_close(421, EnhancedStatus{4, 3, 2},
                                    "This server is going down, come back later");
            break;
        }
        const auto line = co_await next_line(session);
        if (!line) break;
        co_await run_line(session, *line);
    }
    // A backend that took its time may have used up the deadline of the last command.
    session.channel.stream().set_deadline(limits::reply_timeout);
    co_await session.channel.flush();
}

Farewell farewell_of(const Session& session) {
    if (is_draining(session) && !session.has_transaction())
        return {{4, 3, 2}, "This server is going down, come back later"};
    return {{4, 4, 2}, "You took too long, goodbye"};
}

// Last words where the session ended by an exception. Nobody may be there to hear them.
net::Task<void> say(Session& session, Farewell farewell) {
    if (!session.channel.has_stream()) co_return;
    session.reply(421, farewell.status, farewell.text);
    session.channel.stream().set_deadline(limits::farewell_timeout);
    try {
        co_await session.channel.flush();
    } catch (const net::Gone&) {
        session.close("the client has gone");
    }
}

// Reads on before the end, as a connection that is closed with octets unread is reset, and the
// client might never see the last reply: what is here, and for a client that is known to be sending
// also what comes in a moment.
net::Task<void> linger(Session& session) {
    Channel& channel = session.channel;
    channel.stream().set_deadline(limits::linger_timeout);
    try {
        for (std::size_t octets = 0; octets < limits::linger_octets;) {
            octets += channel.buffered().size();
            channel.consume(channel.buffered().size());
            if (session.parting == Session::Parting::ordinary && !channel.has_input()) co_return;
            const bool is_open = co_await channel.fill();
            if (!is_open) co_return;
        }
    } catch (const net::Gone&) {
        session.close("the client has gone");
    }
}

}  // namespace

net::Task<void> serve(std::unique_ptr<net::Stream> stream, Backend& backend,
                      const ServerOptions& options) {
    Session session(std::move(stream), backend, options);
    std::optional<Farewell> farewell;
    try {
        co_await converse(session);
    } catch (const net::Gone& gone) {
        if (gone.why == net::Gone::Why::deadline) farewell = farewell_of(session);
        session.close(gone.what());
    } catch (const std::exception& error) {
        // The store, or whatever else is behind the backend, is not there. What the client was told
        // stays true: a message without its 250 was not accepted.
        farewell = Farewell{{4, 3, 0}, "Service is not available, come back later"};
        session.close(error.what());
    }
    if (farewell) co_await say(session, *farewell);
    if (session.channel.has_stream() && session.parting != Session::Parting::abrupt)
        co_await linger(session);
    if (session.has_transaction()) session.reset_transaction();
    session.backend->closed(session.why_closing());
    if (!session.channel.has_stream()) co_return;
    session.channel.stream().set_deadline(limits::farewell_timeout);
    co_await session.channel.stream().shutdown();
}

}  // namespace pidge::smtp
