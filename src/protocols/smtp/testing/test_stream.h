// Streams for tests: one that plays a script, and one that stands before another and makes trouble.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "system/net/stream.h"

namespace pidge::smtp::testing {

// Gives out `input` in pieces of at most `piece_octets` without ever waiting, then the end; keeps
// what is written.
class ScriptedStream final : public net::Stream {
 public:
    ScriptedStream(std::string input, std::size_t piece_octets, std::string& output)
        : input_(std::move(input)), piece_octets_(piece_octets), output_(output) {}

    net::Task<std::size_t> read_some(std::span<char> into) override;
    bool has_input() override { return hides_input ? false : at_ < input_.size(); }
    net::Task<void> write(std::string_view bytes) override;
    net::Task<void> shutdown() override { co_return; }
    void close() noexcept override {}
    void set_deadline(std::chrono::milliseconds) override {}
    net::Endpoint local() const override { return {}; }
    net::Endpoint remote() const override { return {}; }
    const net::TlsInfo* tls() const override { return tls_info ? &*tls_info : nullptr; }

    std::optional<net::TlsInfo> tls_info;
    // As if each command came only after the reply to the one before it: what is not read yet is
    // not there yet.
    bool hides_input = false;
    // Offsets in `input`, ascending, that no read goes past.
    std::vector<std::size_t> stops;

 private:
    std::string input_;
    const std::size_t piece_octets_;
    std::string& output_;
    std::size_t at_ = 0;
    std::size_t next_stop_ = 0;
};

// What a TroubledStream does; shared with the test.
struct Trouble {
    std::size_t read_octets_max = SIZE_MAX;
    std::size_t octets_read = 0;
    std::size_t steps = 0;                 // reads and writes so far
    std::size_t fails_at_step = SIZE_MAX;  // that one, and all after it, throw Gone(reset)
};

// Passes everything on to another stream, with trouble, and maybe pretends to be TLS.
class TroubledStream final : public net::Stream {
 public:
    TroubledStream(std::unique_ptr<net::Stream> inner, std::shared_ptr<Trouble> trouble)
        : inner_(std::move(inner)), trouble_(std::move(trouble)) {}

    net::Task<std::size_t> read_some(std::span<char> into) override;
    bool has_input() override { return inner_->has_input(); }
    net::Task<void> write(std::string_view bytes) override;
    net::Task<void> shutdown() override { return inner_->shutdown(); }
    void close() noexcept override { inner_->close(); }
    void set_deadline(std::chrono::milliseconds from_now) override {
        inner_->set_deadline(from_now);
    }
    net::Endpoint local() const override { return inner_->local(); }
    net::Endpoint remote() const override { return inner_->remote(); }
    const net::TlsInfo* tls() const override { return tls_info ? &*tls_info : nullptr; }

    std::optional<net::TlsInfo> tls_info;

 private:
    void step();

    std::unique_ptr<net::Stream> inner_;
    std::shared_ptr<Trouble> trouble_;
};

// What a session over TLS looks like, with something to bind to.
net::TlsInfo fake_tls_info();

}  // namespace pidge::smtp::testing
