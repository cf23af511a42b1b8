// Dialogue: commands out, replies in, over one stream. Every reply is bounded (attacks.md F12) and
// every wait has the deadline of its stage (RFC 5321 §4.5.3.2). Throws Gone, also when the server
// breaks the protocol.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "protocols/smtp/limits.h"
#include "protocols/smtp/wire/reply_reader.h"
#include "system/net/stream.h"
#include "system/net/task.h"

namespace pidge::smtp {

class Dialogue {
 public:
    // No wait is longer than `wait_max`, whatever its stage would have.
    Dialogue(std::unique_ptr<net::Stream> stream, std::chrono::milliseconds wait_max)
        : stream_(std::move(stream)), wait_max_(wait_max) {}

    net::Stream& stream() { return *stream_; }
    bool has_stream() const { return stream_ != nullptr; }

    net::Task<void> write(std::string_view octets, std::chrono::milliseconds timeout);
    net::Task<Reply> read_reply(std::chrono::milliseconds timeout);
    // write() and read_reply().
    net::Task<Reply> ask(std::string_view command, std::chrono::milliseconds timeout);

    // For STARTTLS. Throws Gone(tls) when the server has sent more than its reply: what came in
    // clear must not count within TLS (attacks.md F07).
    std::unique_ptr<net::Stream> take_stream();
    void set_stream(std::unique_ptr<net::Stream> stream) { stream_ = std::move(stream); }

 private:
    std::unique_ptr<net::Stream> stream_;
    const std::chrono::milliseconds wait_max_;
    ReplyReader reader_;
    std::array<char, limits::client_buffer_octets> buffer_;
    std::string_view unread_;  // part of buffer_
};

}  // namespace pidge::smtp
