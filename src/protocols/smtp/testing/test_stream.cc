#include "protocols/smtp/testing/test_stream.h"

#include <cstring>

#include "system/net/gone.h"

namespace pidge::smtp::testing {

net::Task<std::size_t> ScriptedStream::read_some(std::span<char> into) {
    while (next_stop_ < stops.size() && stops[next_stop_] <= at_) ++next_stop_;
    const std::size_t end = next_stop_ < stops.size() ? stops[next_stop_] : input_.size();
    const std::size_t count = std::min({into.size(), piece_octets_, end - at_});
    std::memcpy(into.data(), input_.data() + at_, count);
    at_ += count;
    co_return count;
}

net::Task<void> ScriptedStream::write(std::string_view bytes) {
    output_ += bytes;
    co_return;
}

void TroubledStream::step() {
    if (trouble_->steps++ >= trouble_->fails_at_step)
        throw net::Gone(net::Gone::Why::reset, "trouble");
}

net::Task<std::size_t> TroubledStream::read_some(std::span<char> into) {
    step();
    const std::size_t most = std::min(into.size(), trouble_->read_octets_max);
    const std::size_t count = co_await inner_->read_some(into.first(most));
    trouble_->octets_read += count;
    co_return count;
}

net::Task<void> TroubledStream::write(std::string_view bytes) {
    step();
    co_await inner_->write(bytes);
}

net::TlsInfo fake_tls_info() {
    return {.version = "TLSv1.3",
            .cipher = "TLS_AES_256_GCM_SHA384",
            .cipher_bits = 256,
            .server_end_point = "certificate digest",
            .exporter = "exported key material"};
}

}  // namespace pidge::smtp::testing
