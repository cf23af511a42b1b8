// FaultStream: a Stream that misbehaves on demand. A test runs the same session again and again and
// lets it fail at its first, second, third … I/O step, until it comes through unharmed:
//
//   for (std::size_t step = 0;; ++step) {
//       const auto faults = std::make_shared<Faults>(Faults{.fail_at = step});
//       run(session(std::make_unique<FaultStream>(std::move(stream), faults)));
//       if (faults->steps <= step) break;
//   }
#pragma once

#include <chrono>
#include <limits>
#include <memory>

#include "system/net/stream.h"

namespace pidge::net::testing {

struct Faults {
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    std::size_t fail_at = never;  // this step (from 0) breaks the connection: Gone(reset)
    // From this step on reads are at the end, as if the peer had closed.
    std::size_t end_at = never;
    std::size_t read_max = never;       // a read returns at most this many octets; at least 1
    std::size_t write_max = never;      // a write goes on in pieces of this size; at least 1
    std::chrono::nanoseconds delay{0};  // before each step

    std::size_t steps = 0;  // reads and writes so far
};

class FaultStream final : public Stream {
 public:
    FaultStream(std::unique_ptr<Stream> lower, std::shared_ptr<Faults> faults)
        : lower_(std::move(lower)), faults_(std::move(faults)) {}

    Task<std::size_t> read_some(std::span<char> into) override;
    Task<void> wait_readable() override;
    bool has_input() override { return lower_->has_input(); }
    Task<void> write(std::string_view bytes) override;
    Task<void> shutdown() override { return lower_->shutdown(); }
    void close() noexcept override { lower_->close(); }
    void set_deadline(std::chrono::milliseconds from_now) override {
        lower_->set_deadline(from_now);
    }
    Endpoint local() const override { return lower_->local(); }
    Endpoint remote() const override { return lower_->remote(); }
    const TlsInfo* tls() const override { return lower_->tls(); }

 private:
    Task<std::size_t> step();

    std::unique_ptr<Stream> lower_;
    std::shared_ptr<Faults> faults_;
};

}  // namespace pidge::net::testing
