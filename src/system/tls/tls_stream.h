// TlsStream: TLS over another Stream. OpenSSL reads and writes plain buffers here, which exist only
// while something is in them, so that an idle connection costs little more than OpenSSL's own
// state. For the .cc files of system/tls only.
#pragma once

#include <memory>
#include <string>

#include "system/net/event.h"
#include "system/net/stream.h"
#include "system/tls/client_state.h"
#include "system/tls/openssl.h"

namespace pidge::tls {

class TlsStream final : public net::Stream {
 public:
    // `ssl` is fresh; it is told whether to accept or to connect before handshake().
    TlsStream(std::unique_ptr<net::Stream> lower, SslPtr ssl);
    ~TlsStream() override;

    net::Task<void> handshake();
    void set_place(std::unique_ptr<SessionPlace> place);
    SSL* ssl() { return ssl_.get(); }
    net::TlsInfo& info() { return info_; }

    net::Task<std::size_t> read_some(std::span<char> into) override;
    bool has_input() override;
    net::Task<void> wait_readable() override;
    net::Task<void> write(std::string_view bytes) override;
    net::Task<void> shutdown() override;
    void close() noexcept override { lower_->close(); }
    void set_deadline(std::chrono::milliseconds from_now) override {
        lower_->set_deadline(from_now);
    }
    net::Endpoint local() const override { return lower_->local(); }
    net::Endpoint remote() const override { return lower_->remote(); }
    const net::TlsInfo* tls() const override { return &info_; }

 private:
    friend struct BufferBio;

    net::Task<void> fill();
    net::Task<void> flush();
    net::Task<void> flush_alert();
    [[noreturn]] void throw_failure(const std::string& reason) const;

    std::unique_ptr<net::Stream> lower_;
    SslPtr ssl_;
    std::unique_ptr<SessionPlace> place_;
    net::TlsInfo info_;

    std::unique_ptr<char[]> incoming_;  // ciphertext from the peer, [begin, end)
    std::size_t incoming_begin_ = 0, incoming_end_ = 0;
    bool is_at_end_ = false;  // of the stream below
    std::string outgoing_;    // ciphertext for the peer
    bool is_flushing_ = false;
    bool is_failed_ = false;  // RFC 8446 §6.2: nothing more is sent after a fatal alert
    net::Event flushed_;
};

}  // namespace pidge::tls
