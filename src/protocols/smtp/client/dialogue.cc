#include "protocols/smtp/client/dialogue.h"

#include <algorithm>

#include "system/net/gone.h"

namespace pidge::smtp {

net::Task<void> Dialogue::write(std::string_view octets, std::chrono::milliseconds timeout) {
    stream_->set_deadline(std::min(timeout, wait_max_));
    co_await stream_->write(octets);
}

net::Task<Reply> Dialogue::read_reply(std::chrono::milliseconds timeout) {
    stream_->set_deadline(std::min(timeout, wait_max_));
    for (;;) {
        switch (reader_.feed(unread_)) {
            case ReplyReader::Status::reply:
                co_return reader_.take();
            case ReplyReader::Status::malformed:
                throw net::Gone(net::Gone::Why::reset,
                                "the server broke the protocol: " + std::string(reader_.fault()));
            case ReplyReader::Status::incomplete:
                break;
        }
        const std::size_t count = co_await stream_->read_some(buffer_);
        if (count == 0) throw net::Gone(net::Gone::Why::closed, "the server closed the connection");
        unread_ = {buffer_.data(), count};
    }
}

net::Task<Reply> Dialogue::ask(std::string_view command, std::chrono::milliseconds timeout) {
    co_await write(command, timeout);
    co_return co_await read_reply(timeout);
}

std::unique_ptr<net::Stream> Dialogue::take_stream() {
    if (!unread_.empty() || !reader_.is_between_replies() || stream_->has_input())
        throw net::Gone(net::Gone::Why::tls, "the server sent more than its reply to STARTTLS");
    return std::move(stream_);
}

}  // namespace pidge::smtp
