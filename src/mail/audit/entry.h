// The audit trail: what happened to which message, on whose behalf [O10, J20, J22]. Each entry is
// part of the commit that it tells of, numbered without gaps and hash-chained (store/log_entry.h).
//
//   entry = length of outer (4 octets, most significant first) ‖ outer ‖ inner
//   outer = { v, log?, day, boot, mono, wall, src, type, epoch }: holds no personal data
//   inner = a map by type (docs/audit.md)
//
// Both are deterministic CBOR.
//
// epoch 0: the inner part is not sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "formats/cbor/cbor.h"

namespace pidge::audit {

// The number is on disk: never change or reuse one.
enum class Type : std::uint16_t {
    session_open = 1,
    session_close = 2,
    auth_ok = 3,
    auth_fail = 4,
    reject = 5,
    accept = 16,
    expand = 17,
    attempt = 18,
    outcome = 19,
    dsn_sent = 20,
    admin_action = 34,
    config_change = 35,
    range_change = 36,
    access = 40,
    start = 48,
    stop = 49,
    heartbeat = 50,
    clock_step = 51,
};
struct TypeInfo {
    Type type;
    std::string_view name;     // "accept"
    std::string_view meaning;  // for docs/audit.md and --help
};
std::span<const TypeInfo> types();
std::string_view type_name(Type type);
std::optional<Type> find_type(std::string_view name);

struct Entry {
    Type type = Type::start;
    WallTime wall;
    std::int64_t mono_ns = 0;  // since the boot of this process
    std::string source;        // component: "smtp", "relay", "admin"
    Bytes boot;                // 16 octets, random for each start of the program
    cbor::Map fields;          // the inner part

    friend bool operator==(const Entry&, const Entry&) = default;
};

Bytes encode(const Entry& entry);
std::optional<Entry> decode(std::string_view bytes);  // nullopt: damaged

}  // namespace pidge::audit
