#include "system/dns/record.h"

#include "system/dns/limits.h"
#include "system/dns/name.h"

namespace pidge::dns {

namespace {
std::uint16_t take_u16(ByteView& rest) {
    const auto value = static_cast<std::uint16_t>(static_cast<unsigned char>(rest[0]) << 8 |
                                                  static_cast<unsigned char>(rest[1]));
    rest.remove_prefix(2);
    return value;
}
}  // namespace

std::string_view type_name(Type type) {
    switch (type) {
        case Type::a:
            return "A";
        case Type::ns:
            return "NS";
        case Type::cname:
            return "CNAME";
        case Type::soa:
            return "SOA";
        case Type::ptr:
            return "PTR";
        case Type::mx:
            return "MX";
        case Type::txt:
            return "TXT";
        case Type::aaaa:
            return "AAAA";
        case Type::srv:
            return "SRV";
        case Type::tlsa:
            return "TLSA";
    }
    return "unknown";
}

bool TlsaRecord::is_usable() const {
    if ((usage != 2 && usage != 3) || selector > 1) return false;
    switch (matching_type) {
        case 0:
            return !data.empty();
        case 1:
            return data.size() == 32;  // SHA-256
        case 2:
            return data.size() == 64;  // SHA-512
        default:
            return false;
    }
}

std::optional<net::Address> read_a(ByteView rdata) {
    std::array<std::uint8_t, 4> octets;
    if (rdata.size() != octets.size()) return std::nullopt;
    std::memcpy(octets.data(), rdata.data(), octets.size());
    return net::Address::v4(octets);
}

std::optional<net::Address> read_aaaa(ByteView rdata) {
    std::array<std::uint8_t, 16> octets;
    if (rdata.size() != octets.size()) return std::nullopt;
    std::memcpy(octets.data(), rdata.data(), octets.size());
    return net::Address::v6(octets);
}

std::optional<MxRecord> read_mx(ByteView rdata) {
    if (rdata.size() < 3) return std::nullopt;
    MxRecord record{.preference = take_u16(rdata)};
    const auto exchange = read_name(rdata);
    if (!exchange) return std::nullopt;
    record.exchange = *exchange;
    return record;
}

std::optional<std::string> read_txt(ByteView rdata) {
    if (rdata.empty() || rdata.size() > txt_octets_max) return std::nullopt;
    std::string text;
    while (!rdata.empty()) {
        const std::size_t length = static_cast<unsigned char>(rdata.front());
        rdata.remove_prefix(1);
        if (rdata.size() < length) return std::nullopt;
        text += rdata.substr(0, length);
        rdata.remove_prefix(length);
    }
    return text;
}

std::optional<std::string> read_name(ByteView rdata) {
    auto name = take_name(rdata);
    if (!rdata.empty()) return std::nullopt;
    return name;
}

std::optional<TlsaRecord> read_tlsa(ByteView rdata) {
    if (rdata.size() < 3) return std::nullopt;
    return TlsaRecord{.usage = static_cast<std::uint8_t>(rdata[0]),
                      .selector = static_cast<std::uint8_t>(rdata[1]),
                      .matching_type = static_cast<std::uint8_t>(rdata[2]),
                      .data = Bytes(rdata.substr(3))};
}

std::optional<SrvRecord> read_srv(ByteView rdata) {
    if (rdata.size() < 7) return std::nullopt;
    SrvRecord record;
    record.priority = take_u16(rdata);
    record.weight = take_u16(rdata);
    record.port = take_u16(rdata);
    const auto target = read_name(rdata);
    if (!target) return std::nullopt;
    record.target = *target;
    return record;
}

}  // namespace pidge::dns
