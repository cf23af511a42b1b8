// Channel bindings: what ties a SCRAM exchange to the TLS session it runs in (RFC 5056, 5929,
// 9266).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "system/net/stream.h"

namespace pidge::sasl {

struct ChannelBinding {
    std::string type;  // "tls-exporter", "tls-server-end-point"
    std::string data;  // octets
};

// nullopt: the stream has none of that type. tls-unique is never offered: it means nothing in
// TLS 1.3 (RFC 9266 §1).
std::optional<ChannelBinding> find_channel_binding(const net::TlsInfo* tls, std::string_view type);
// The best one there is (RFC 9266 §1 wants tls-exporter).
std::optional<ChannelBinding> best_channel_binding(const net::TlsInfo* tls);

}  // namespace pidge::sasl
