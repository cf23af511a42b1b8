#include "system/net/testing/fault_stream.h"

#include "system/net/gone.h"
#include "system/net/timer.h"

namespace pidge::net::testing {

Task<std::size_t> FaultStream::step() {
    const std::size_t number = faults_->steps++;
    if (faults_->delay.count() > 0) co_await sleep_for(faults_->delay);
    if (number == faults_->fail_at) {
        lower_->close();
        throw Gone(Gone::Why::reset, "broken on demand");
    }
    co_return number;
}

Task<std::size_t> FaultStream::read_some(std::span<char> into) {
    const std::size_t number = co_await step();
    if (number >= faults_->end_at) co_return 0;
    co_return co_await lower_->read_some(into.first(std::min(into.size(), faults_->read_max)));
}

Task<void> FaultStream::wait_readable() {
    if (faults_->steps >= faults_->end_at) co_return;
    co_await lower_->wait_readable();
}

Task<void> FaultStream::write(std::string_view bytes) {
    do {
        co_await step();
        const std::size_t n = std::min(bytes.size(), faults_->write_max);
        co_await lower_->write(bytes.substr(0, n));
        bytes.remove_prefix(n);
    } while (!bytes.empty());
}

}  // namespace pidge::net::testing
