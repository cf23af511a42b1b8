#include "system/dns/testing/rdata.h"

#include "base/check.h"
#include "system/dns/name.h"

namespace pidge::dns::testing {

Bytes u16(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

Bytes u32(std::uint32_t value) {
    return u16(static_cast<std::uint16_t>(value >> 16)) + u16(static_cast<std::uint16_t>(value));
}

Bytes address_rdata(std::string_view address) {
    const auto parsed = net::Address::parse(address);
    check(parsed.has_value(), address);
    return Bytes(parsed->octets());
}

Bytes name_rdata(std::string_view name) {
    const auto wire = wire_name(name);
    check(wire.has_value(), name);
    return *wire;
}

Bytes mx_rdata(std::uint16_t preference, std::string_view exchange) {
    return u16(preference) + name_rdata(exchange);
}

Bytes txt_rdata(std::string_view text) {
    Bytes rdata;
    do {
        const std::string_view piece = text.substr(0, 255);
        rdata += static_cast<char>(piece.size());
        rdata += piece;
        text.remove_prefix(piece.size());
    } while (!text.empty());
    return rdata;
}

Bytes tlsa_rdata(const TlsaRecord& record) {
    return Bytes{static_cast<char>(record.usage), static_cast<char>(record.selector),
                 static_cast<char>(record.matching_type)} +
           record.data;
}

Bytes srv_rdata(const SrvRecord& record) {
    return u16(record.priority) + u16(record.weight) + u16(record.port) + name_rdata(record.target);
}

}  // namespace pidge::dns::testing
