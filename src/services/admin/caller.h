// Caller: who asks for something, for the audit trail. A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pidge::admin {

struct Caller {
    enum class Way : std::uint8_t {
        socket,  // through the control socket of the running server
        direct,  // a command that opened the store itself
    };
    Way way = Way::direct;
    std::optional<std::uint32_t> uid;  // of the local user, as the kernel tells it
    std::string name;                  // of that user; may be empty

    std::string text() const;  // "root (uid 0)"
};

}  // namespace pidge::admin
