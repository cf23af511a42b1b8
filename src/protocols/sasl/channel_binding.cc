#include "protocols/sasl/channel_binding.h"

namespace pidge::sasl {

std::optional<ChannelBinding> find_channel_binding(const net::TlsInfo* tls, std::string_view type) {
    if (tls == nullptr) return std::nullopt;
    const std::string* data = nullptr;
    if (type == "tls-exporter") data = &tls->exporter;
    if (type == "tls-server-end-point") data = &tls->server_end_point;
    if (data == nullptr || data->empty()) return std::nullopt;
    return ChannelBinding{.type = std::string(type), .data = *data};
}

std::optional<ChannelBinding> best_channel_binding(const net::TlsInfo* tls) {
    if (auto exporter = find_channel_binding(tls, "tls-exporter")) return exporter;
    return find_channel_binding(tls, "tls-server-end-point");
}

}  // namespace pidge::sasl
