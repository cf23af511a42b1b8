// Patroni keeps a replicated PostgreSQL: it says which server is the primary, and puts another in
// its place. Versions of it that lose acknowledged writes must not go unnoticed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "system/http/exchanger.h"

namespace pidge::patroni {

// What one of them said of itself.
struct Seen {
    enum class Verdict : std::uint8_t {
        unknown,     // nothing was heard, or nothing that Patroni says
        safe,        // as far as is known
        loses_mail,  // older than oldest_safe (version.h)
    };
    std::string place;  // the URL that was asked
    Verdict verdict = Verdict::unknown;
    std::string version;  // as it was said; empty: unknown
    std::string reason;   // why it is unknown; for a person

    friend bool operator==(const Seen&, const Seen&) = default;
};

// Asks GET /patroni at `place`, no longer than `deadline`. Blocks. Whatever status the answer has:
// a Patroni whose PostgreSQL is down answers 503 and tells its version all the same.
Seen look(http::Exchanger& exchanger, const std::string& place,
          std::chrono::milliseconds deadline = std::chrono::milliseconds(2'000));

// Why an old one is no good, and what to do; for the log, `pidge check` and `pidge status`.
std::string why_unsafe();
std::string how_to_mend();

}  // namespace pidge::patroni
