// Channel: a Stream with a buffer in each direction. Commands are read ahead and replies gathered,
// so that a group of pipelined commands costs one read and one write (RFC 2920).
//
// Belongs to one coroutine. Holds little memory while a session is idle: the read buffer is there
// only while more comes in than a command (limits.h).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocols/smtp/limits.h"
#include "system/net/stream.h"
#include "system/net/task.h"

namespace pidge::smtp {

class Channel {
 public:
    explicit Channel(std::unique_ptr<net::Stream> stream) : stream_(std::move(stream)) {}

    net::Stream& stream() { return *stream_; }
    bool has_stream() const { return stream_ != nullptr; }
    // For STARTTLS: what was read ahead in clear must not survive it, so the buffer must be empty.
    std::unique_ptr<net::Stream> take_stream();
    void set_stream(std::unique_ptr<net::Stream> stream) { stream_ = std::move(stream); }

    // What has been read and not consumed. The octets may be moved about by their reader (body.cc
    // does). Both are void after fill().
    std::span<char> octets() { return {data() + begin_, end_ - begin_}; }
    std::string_view buffered() const { return {data() + begin_, end_ - begin_}; }
    void consume(std::size_t octets);
    // Whether the client has sent something that was not consumed yet, also when we have not read
    // it.
    bool has_input() { return end_ > begin_ || stream_->has_input(); }

    // Writes what was gathered, then reads at least one octet behind what is buffered; at most
    // limits::read_buffer_octets can be. Returns false at the end of the stream. Throws Gone.
    net::Task<bool> fill();
    // Takes the large buffer for what is to come.
    void expect_much();
    // Gives the large buffer back when nothing is in it.
    void release();

    // Replies are appended here …
    std::string& out() { return out_; }
    // … and written by this, or by fill().
    net::Task<void> flush();

 private:
    char* data() { return large_ ? large_.get() : small_.data(); }
    const char* data() const { return large_ ? large_.get() : small_.data(); }
    std::size_t capacity() const { return large_ ? limits::read_buffer_octets : small_.size(); }

    std::unique_ptr<net::Stream> stream_;
    std::unique_ptr<char[]> large_;
    std::array<char, limits::idle_buffer_octets> small_;
    std::size_t begin_ = 0, end_ = 0;
    std::string out_;
};

}  // namespace pidge::smtp
