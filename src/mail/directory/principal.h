// A principal: somebody or something that mail comes from or goes to, and that may hold
// credentials.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mail/directory/ids.h"

namespace pidge::directory {

struct Principal {
    enum class Kind : std::uint8_t {
        person = 0,
        automatic = 1,  // a process that sends: may use Sender and Reply-To as it likes [J4]
    };
    enum class State : std::uint8_t { active = 0, blocked = 1 };

    PrincipalId id;
    Kind kind = Kind::person;
    State state = State::active;
    std::string login;  // unique, folded; what is typed to log in besides any own address
    std::string name;   // for people to read
    // The published address of each domain in which there is one [J1, J4], in its published
    // spelling.
    std::vector<std::string> published;
    // Further addresses: old names, internal forms. Received as the published one, never shown on
    // the way out.
    std::vector<std::string> aliases;
    WallTime created;

    friend bool operator==(const Principal&, const Principal&) = default;
};

// What an address in one of our domains leads to; space address, under address::key().
struct AddressEntry {
    PrincipalId principal;
    std::string published;  // the published form that stands for it on the way out
    bool is_alias = false;

    friend bool operator==(const AddressEntry&, const AddressEntry&) = default;
};

}  // namespace pidge::directory
