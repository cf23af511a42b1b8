// The records that a mail service asks for, and their reading from the octets of a DNS answer. Pure
// functions; they accept any octets (attacks.md P11) and refuse with nullopt what is cut short, too
// long or followed by more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "system/net/endpoint.h"

namespace pidge::dns {

enum class Type : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    srv = 33,
    tlsa = 52,
};
std::string_view type_name(Type type);  // "MX"

// RFC 1035 §3.3.9. The exchange is "" for the root: RFC 7505 §3, no mail is accepted.
struct MxRecord {
    std::uint16_t preference = 0;
    std::string exchange;

    friend bool operator==(const MxRecord&, const MxRecord&) = default;
};

// RFC 6698 §2.1
struct TlsaRecord {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching_type = 0;
    Bytes data;

    // RFC 7672 §3.1: usages DANE-TA(2) and DANE-EE(3); selectors and matching types that we know,
    // with data of their length. A record that is not usable still says that DANE is wanted (RFC
    // 7672 §2.2).
    bool is_usable() const;
    friend bool operator==(const TlsaRecord&, const TlsaRecord&) = default;
};

// RFC 2782. The target is "" for the root: the service is decidedly not available.
struct SrvRecord {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::string target;

    friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

std::optional<net::Address> read_a(ByteView rdata);
std::optional<net::Address> read_aaaa(ByteView rdata);
std::optional<MxRecord> read_mx(ByteView rdata);
// The strings of the record put together without spaces (RFC 7208 §3.3, RFC 6376 §3.6.2.2); any
// octets.
std::optional<std::string> read_txt(ByteView rdata);
std::optional<std::string> read_name(ByteView rdata);  // CNAME, PTR, NS
std::optional<TlsaRecord> read_tlsa(ByteView rdata);
std::optional<SrvRecord> read_srv(ByteView rdata);

}  // namespace pidge::dns
