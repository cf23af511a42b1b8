#include "protocols/smtp/client/capabilities.h"

#include "base/text.h"

namespace pidge::smtp {
namespace {

// RFC 9422 §3: name=value pairs.
void read_limits(std::string_view arguments, Capabilities& capabilities) {
    for (const std::string_view word : text::split(arguments, ' ')) {
        if (text::istarts_with(word, "RCPTMAX="))
            capabilities.recipients_max = text::parse_u64(word.substr(8));
        if (text::istarts_with(word, "MAILMAX="))
            capabilities.messages_max = text::parse_u64(word.substr(8));
    }
}

void read_line(std::string_view line, Capabilities& capabilities) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view keyword = line.substr(0, end);
    const std::string_view arguments = text::trim(line.substr(end));
    const auto is = [keyword](std::string_view name) { return text::iequals(keyword, name); };
    if (is("PIPELINING")) capabilities.pipelining = true;
    if (is("8BITMIME")) capabilities.eight_bit = true;
    if (is("BINARYMIME")) capabilities.binary = true;
    if (is("CHUNKING")) capabilities.chunking = true;
    if (is("SMTPUTF8")) capabilities.smtputf8 = true;
    if (is("DSN")) capabilities.dsn = true;
    if (is("STARTTLS")) capabilities.start_tls = true;
    if (is("LIMITS")) read_limits(arguments, capabilities);
    if (is("SIZE")) {
        capabilities.size = true;
        // RFC 1870 §4: no number, or 0, means that no limit is known.
        capabilities.size_octets = text::parse_u64(arguments);
        if (capabilities.size_octets == 0) capabilities.size_octets.reset();
    }
    if (!is("AUTH")) return;
    for (const std::string_view name : text::split(arguments, ' '))
        if (const auto mechanism = sasl::mechanism_of(name))
            capabilities.mechanisms.push_back(*mechanism);
}

}  // namespace

Capabilities parse_capabilities(const Reply& reply) {
    Capabilities capabilities{.is_extended = true};
    // The first line is a greeting.
    for (std::size_t i = 1; i < reply.lines.size(); ++i) read_line(reply.lines[i], capabilities);
    return capabilities;
}

}  // namespace pidge::smtp
