#include "protocols/smtp/server/commands/hello.h"

#include <algorithm>

#include "base/text.h"
#include "protocols/sasl/channel_binding.h"
#include "protocols/smtp/wire/command.h"

namespace pidge::smtp {

Result<void> check_hello(std::string_view argument) {
    if (argument.empty()) return bad_argument("Your host name is missing");
    if (argument.size() > limits::helo_octets) return bad_argument("Your host name is too long");
    for (const char c : argument)
        if (c == ' ' || text::is_control(c)) return bad_argument("Your host name cannot be read");
    if (!text::is_valid_utf8(argument)) return bad_argument("Your host name cannot be read");
    return {};
}

std::vector<sasl::Mechanism> offered_mechanisms(const Session& session) {
    if (!session.is_tls() || session.options.authentication == Authentication::none) return {};
    std::vector<sasl::Mechanism> offered = session.options.mechanisms;
    if (!sasl::best_channel_binding(&*session.client.tls))
        std::erase(offered, sasl::Mechanism::scram_sha_256_plus);
    return offered;
}

std::vector<std::string> offered_extensions(const Session& session) {
    const std::size_t recipients_max =
        std::min(session.options.recipients_max, session.backend->recipients_max());
    std::vector<std::string> lines{
        "PIPELINING",                                              // RFC 2920
        "SIZE " + std::to_string(session.options.message_octets),  // RFC 1870
        "8BITMIME",                                                // RFC 6152
        "BINARYMIME",                                              // RFC 3030
        "CHUNKING",                                                // RFC 3030
        "SMTPUTF8",                                                // RFC 6531
        "ENHANCEDSTATUSCODES",                                     // RFC 2034
        "DSN",                                                     // RFC 3461
        "LIMITS RCPTMAX=" + std::to_string(recipients_max),        // RFC 9422
    };
    if (!session.is_tls() && session.options.start_tls) lines.emplace_back("STARTTLS");  // RFC 3207
    const auto mechanisms = offered_mechanisms(session);
    if (!mechanisms.empty() && !session.client.identity) {
        std::string line = "AUTH";  // RFC 4954
        for (const sasl::Mechanism mechanism : mechanisms)
            (line += ' ') += sasl::name_of(mechanism);
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace pidge::smtp
