#include "protocols/smtp/server/session/channel.h"

#include <cstring>

#include "base/check.h"

namespace pidge::smtp {

std::unique_ptr<net::Stream> Channel::take_stream() {
    check(begin_ == end_ && out_.empty(), "nothing is buffered when the stream changes");
    return std::move(stream_);
}

void Channel::consume(std::size_t octets) {
    check(octets <= end_ - begin_, "only what is buffered can be consumed");
    begin_ += octets;
    if (begin_ == end_) begin_ = end_ = 0;
}

void Channel::expect_much() {
    if (large_) return;
    auto large = std::make_unique_for_overwrite<char[]>(limits::read_buffer_octets);
    std::memcpy(large.get(), data() + begin_, end_ - begin_);
    large_ = std::move(large);
    end_ -= begin_;
    begin_ = 0;
}

void Channel::release() {
    if (begin_ == end_) large_.reset();
    if (out_.empty() && out_.capacity() > limits::idle_buffer_octets) out_ = std::string();
}

net::Task<bool> Channel::fill() {
    if (!out_.empty()) co_await flush();
    if (end_ == capacity()) {
        if (begin_ > 0) {
            std::memmove(data(), data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        } else {
            expect_much();
        }
    }
    check(end_ < capacity(), "what does not fit the read buffer was refused before");
    const std::size_t count = co_await stream_->read_some({data() + end_, capacity() - end_});
    end_ += count;
    co_return count > 0;
}

net::Task<void> Channel::flush() {
    if (out_.empty()) co_return;
    // Swapped out first: when the write throws, the replies must not be written again.
    std::string replies;
    replies.swap(out_);
    co_await stream_->write(replies);
    if (out_.empty()) {
        replies.clear();
        out_.swap(replies);
    }
}

}  // namespace pidge::smtp
