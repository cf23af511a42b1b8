// The command table: which verb is allowed when, and what goes with it.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocols/smtp/server/session/session.h"
#include "protocols/smtp/wire/verb.h"

namespace pidge::smtp {

// Where a session stands; one bit each.
enum class State : std::uint8_t {
    fresh = 1,    // before HELO or EHLO
    greeted = 2,  // between transactions
    open = 4,     // after MAIL
    chunks = 8,   // after the first BDAT
};
State state_of(const Session& session);

struct CommandEntry {
    using Handler = net::Task<void> (*)(Session&, std::string_view argument);
    enum Flags : std::uint8_t {
        none = 0,
        // The client must wait for the reply (RFC 2920 §3.1): what it sends before that is never
        // run (attacks.md F06).
        waits = 1,
        // Brings no message in by itself; counted against limits::idle_commands_max until one
        // comes.
        idle = 2,
        // A payload follows, so that octets behind the line are in order in any state.
        payload = 4,
    };

    Verb verb = Verb::unknown;
    Handler handler = nullptr;
    std::uint8_t states = 0;
    std::uint8_t flags = none;
};

// nullptr for Verb::unknown and Verb::http.
const CommandEntry* find_command(Verb verb);

}  // namespace pidge::smtp
