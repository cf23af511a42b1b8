// ServerOptions: what an SMTP server is told about the listener it serves. Plain values and
// functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocols/sasl/mechanism.h"
#include "protocols/smtp/backend.h"
#include "protocols/smtp/limits.h"

namespace pidge::smtp {

class Drain;

enum class Authentication : std::uint8_t {
    none,      // AUTH is not offered
    offered,   // for those who want to
    required,  // before MAIL
};

// Submission asks for credentials (RFC 6409 §4.3, RFC 8314 §3.3), port 25 has no use for them.
constexpr Authentication authentication_of(Service service) {
    return service == Service::mx ? Authentication::none : Authentication::required;
}

struct ServerOptions {
    Service service = Service::mx;
    Authentication authentication = Authentication::none;   // authentication_of(service), as a rule
    std::string listener;                                   // its name in the configuration
    std::string host_name;                                  // ours, in greeting and EHLO
    std::uint64_t message_octets = limits::message_octets;  // SIZE (RFC 1870)
    std::size_t recipients_max = limits::recipients_max;    // LIMITS RCPTMAX (RFC 9422)
    // Offered within TLS, in this order; the -PLUS variant only where the session has something to
    // bind to.
    std::vector<sasl::Mechanism> mechanisms{sasl::Mechanism::scram_sha_256_plus,
                                            sasl::Mechanism::scram_sha_256, sasl::Mechanism::plain,
                                            sasl::Mechanism::login};

    // The TLS handshake, as server. Empty: STARTTLS is not offered. Throws Gone(tls).
    std::function<net::Task<std::unique_ptr<net::Stream>>(std::unique_ptr<net::Stream>)> start_tls;
    // Whether more than 80 % of the server's slots are taken; idle clients are then given less time
    // (attacks.md F14).
    std::function<bool()> is_crowded;
    // How a session waits before it answers a guess (attacks.md R07). Empty: by the clock of its
    // event loop.
    std::function<net::Task<void>(std::chrono::milliseconds)> delay;
    // Of the event loop that the sessions run on; null: sessions are never asked to end.
    Drain* drain = nullptr;
};

}  // namespace pidge::smtp
