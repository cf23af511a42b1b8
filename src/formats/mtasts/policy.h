// MTA-STS (RFC 8461): the record that says that a domain has a policy, and the policy itself. Pure
// functions; values. They accept any octets.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pidge::mtasts {

enum class Mode : std::uint8_t {
    none = 0,     // the domain has no policy any more
    testing = 1,  // failures are reported and change nothing
    enforce = 2,  // to hosts that match and prove it, or not at all
};
std::string_view mode_name(Mode mode);  // "enforce"

struct Policy {
    Mode mode = Mode::none;
    std::chrono::seconds max_age{0};
    // Lower case A-labels; "*." at the beginning of one stands for exactly one label.
    std::vector<std::string> patterns;

    friend bool operator==(const Policy&, const Policy&) = default;
};

// The id of the one MTA-STS record among the TXT records of "_mta-sts.<domain>". Nullopt: there is
// none, there are several, or it cannot be read; the domain then counts as having none (§3.1).
std::optional<std::string> find_id(const std::vector<std::string>& txt_records);

// The body of the policy file (§3.2). Refused with the reason, for the report.
Result<Policy> read_policy(std::string_view body);

// RFC 8461 §4.1. `host` is the name that the MX record holds.
bool is_match(std::string_view pattern, std::string_view host);
bool has_match(const Policy& policy, std::string_view host);

// The lines of the policy as a report tells them (RFC 8460 §4.4: "policy-string").
std::vector<std::string> policy_lines(const Policy& policy);

}  // namespace pidge::mtasts
