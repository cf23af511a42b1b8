#include "protocols/smtp/server/table.h"

#include <array>

#include "protocols/smtp/server/commands/commands.h"

namespace pidge::smtp {
namespace {

constexpr std::uint8_t bits(auto... states) {
    return (static_cast<std::uint8_t>(states) | ...);
}

constexpr auto any = bits(State::fresh, State::greeted, State::open, State::chunks);
constexpr auto greeted = bits(State::greeted, State::open, State::chunks);
using Entry = CommandEntry;

// MAIL, DATA, BDAT and AUTH look at the state themselves where more depends on it than the reply.
constexpr std::array table = {
    Entry{Verb::helo, commands::helo, any, Entry::waits | Entry::idle},
    Entry{Verb::ehlo, commands::ehlo, any, Entry::waits | Entry::idle},
    Entry{Verb::mail, commands::mail, greeted, Entry::idle},
    Entry{Verb::rcpt, commands::rcpt, bits(State::open), Entry::none},
    Entry{Verb::data, commands::data, bits(State::open, State::chunks), Entry::waits},
    Entry{Verb::bdat, commands::bdat, any, Entry::payload},
    Entry{Verb::rset, commands::rset, any, Entry::idle},
    Entry{Verb::noop, commands::noop, any, Entry::idle},
    Entry{Verb::vrfy, commands::vrfy, any, Entry::idle},
    Entry{Verb::expn, commands::expn, any, Entry::idle},
    Entry{Verb::help, commands::help, any, Entry::idle},
    Entry{Verb::quit, commands::quit, any, Entry::none},
    Entry{Verb::starttls, commands::starttls, bits(State::greeted), Entry::waits | Entry::idle},
    Entry{Verb::auth, commands::auth, any, Entry::waits | Entry::idle},
};

}  // namespace

State state_of(const Session& session) {
    switch (session.transaction.stage) {
        case Transaction::Stage::open:
            return State::open;
        case Transaction::Stage::chunks:
            return State::chunks;
        case Transaction::Stage::none:
            break;
    }
    return session.has_greeted() ? State::greeted : State::fresh;
}

const CommandEntry* find_command(Verb verb) {
    for (const Entry& entry : table)
        if (entry.verb == verb) return &entry;
    return nullptr;
}

}  // namespace pidge::smtp
