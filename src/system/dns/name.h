// Domain names: as text (labels with dots between them, no dot at the end, lower case when we made
// it) and as octets of the wire (RFC 1035 §3.1). Pure functions. Names with characters beyond ASCII
// are the caller's to convert (A-labels).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "system/net/endpoint.h"

namespace pidge::dns {

// The octets of a name, in lower case. Labels are split at dots and may hold any other octets (an
// SPF macro can make them); one dot at the end is accepted; "" and "." are the root. Nullopt: an
// empty or too long label, a too long name.
std::optional<Bytes> wire_name(std::string_view name);

// Takes an uncompressed name off the front of `rest`. Lower case; "" is the root. Nullopt when it
// is cut short, too long, compressed, or holds octets that no host or service name has (anything
// but letters, digits, "-", "_", "/").
std::optional<std::string> take_name(ByteView& rest);

// RFC 1035 §5.1: the name with every octet but letters, digits, "-" and "_" written as \DDD, with a
// dot at the end. What libunbound reads. Nullopt as for wire_name.
std::optional<std::string> master_file_name(std::string_view name);

// "1.2.0.192.in-addr.arpa", "1.0.0...ip6.arpa" (RFC 1035 §3.5, RFC 3596 §2.5)
std::string reverse_name(const net::Address& address);

}  // namespace pidge::dns
