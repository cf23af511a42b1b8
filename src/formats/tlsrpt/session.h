// Session: what came of one attempt to speak TLS with a mail exchanger, in the words of SMTP TLS
// reporting (RFC 8460 §4.3). A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pidge::tlsrpt {

enum class PolicyType : std::uint8_t { none = 0, sts = 1, tlsa = 2 };
std::string_view policy_type_name(PolicyType type);  // "no-policy-found"

enum class ResultType : std::uint8_t {
    success = 0,
    starttls_not_supported = 1,
    certificate_host_mismatch = 2,
    certificate_expired = 3,
    certificate_not_trusted = 4,
    validation_failure = 5,
    tlsa_invalid = 6,
    dnssec_invalid = 7,
    dane_required = 8,
    sts_policy_fetch_error = 9,
    sts_policy_invalid = 10,
    sts_webpki_invalid = 11,
};
inline constexpr int result_types = 12;
std::string_view result_type_name(ResultType type);  // "starttls-not-supported"

// The policy that was applied (RFC 8460 §4.4).
struct Policy {
    PolicyType type = PolicyType::none;
    std::string domain;                // A-labels, lower case
    std::vector<std::string> strings;  // as §4.5 writes it
    std::vector<std::string> hosts;    // sts: its patterns

    friend auto operator<=>(const Policy&, const Policy&) = default;
};

struct Result {
    ResultType type = ResultType::success;
    std::string reason;  // "failure-reason-code": printable; may be empty

    friend auto operator<=>(const Result&, const Result&) = default;
};

struct Session {
    Policy policy;
    Result result;
    // Empty where there was no connection, and of no use in a success.
    std::string sending_address, receiving_host, receiving_address;

    friend auto operator<=>(const Session&, const Session&) = default;
};

// What a failed handshake, or the check of a certificate, says of itself: the words of OpenSSL.
Result certificate_result(std::string_view error);

}  // namespace pidge::tlsrpt
