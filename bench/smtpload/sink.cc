#include "sink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace load {

namespace {
[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

void say(int descriptor, std::string_view text) {
    // A client that went away is noticed when it is read from next.
    [[maybe_unused]] const auto sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
}

// Reads lines and dot-terminated texts from a socket, with no copy of what is thrown away.
class Input {
 public:
    explicit Input(int descriptor) : descriptor_(descriptor) {}

    bool line(std::string& into) {
        std::size_t end;
        while ((end = buffer_.find('\n', position_)) == std::string::npos)
            if (!fill()) return false;
        into.assign(buffer_, position_, end - position_);
        position_ = end + 1;
        return true;
    }

    // Everything up to and with the final dot is appended to `into`, when that is wanted.
    bool text(std::string* into) {
        bool at_start = true;
        for (;;) {
            const bool empty = at_start && buffer_.compare(position_, 3, ".\r\n") == 0;
            const auto end = empty ? position_ : buffer_.find("\r\n.\r\n", position_);
            if (end != std::string::npos) {
                const auto after = end + (empty ? 3 : 5);
                if (into) into->append(buffer_, position_, after - position_);
                position_ = after;
                return true;
            }
            // The last four octets may begin the mark.
            if (const auto rest = buffer_.size() - position_; rest > 4) {
                if (into) into->append(buffer_, position_, rest - 4);
                position_ += rest - 4;
                at_start = false;
            }
            if (!fill()) return false;
        }
    }

 private:
    bool fill() {
        buffer_.erase(0, position_);
        position_ = 0;
        const auto got = ::recv(descriptor_, piece_.data(), piece_.size(), 0);
        if (got <= 0) return false;
        buffer_.append(piece_.data(), static_cast<std::size_t>(got));
        return true;
    }

    int descriptor_;
    std::string buffer_;
    std::size_t position_ = 0;
    std::array<char, 65536> piece_;
};
}  // namespace

Sink::Sink(int port, const std::string& log_path) {
    if (!log_path.empty()) {
        log_descriptor_ = ::open(log_path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
        if (log_descriptor_ < 0) give_up(log_path.c_str());
        std::thread([this] { write_log(); }).detach();
    }
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 512) != 0)
        give_up("sink");
    std::thread([this, listener] { accept_all(listener); }).detach();
}

void Sink::wait_for(long count, std::chrono::seconds patience) const {
    while (messages_ < count && std::chrono::steady_clock::now() - start_ < patience)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

void Sink::accept_all(int listener) {
    for (;;) {
        const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) continue;
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ++connections_;
        std::thread([this, descriptor] { serve(descriptor); }).detach();
    }
}

void Sink::serve(int descriptor) {
    const auto input = std::make_unique<Input>(descriptor);
    std::string line, message;
    say(descriptor, "220 sink ESMTP\r\n");
    while (input->line(line)) {
        const char verb = line.empty() ? '\0' : static_cast<char>(line[0] & ~0x20);
        if (verb == 'E') {
            say(descriptor,
                "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
                "250-ENHANCEDSTATUSCODES\r\n250 SIZE 104857600\r\n");
        } else if (verb == 'D') {
            say(descriptor, "354 go\r\n");
            message.clear();
            if (!input->text(is_logging() ? &message : nullptr)) break;
            if (is_logging()) commit(message);
            newest_s_ =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
            ++messages_;
            say(descriptor, "250 2.0.0 ok\r\n");
        } else if (verb == 'Q') {
            say(descriptor, "221 bye\r\n");
            break;
        } else {
            say(descriptor, "250 2.1.0 ok\r\n");
        }
    }
    ::close(descriptor);
}

void Sink::commit(std::string_view message) {
    std::unique_lock lock(mutex_);
    pending_ += message;
    const long mine = ++queued_;
    more_.notify_one();
    done_.wait(lock, [&] { return durable_ >= mine; });
}

// One thread writes what has gathered and syncs once for all of it.
void Sink::write_log() {
    for (;;) {
        std::string octets;
        long newest;
        {
            std::unique_lock lock(mutex_);
            more_.wait(lock, [this] { return !pending_.empty(); });
            octets.swap(pending_);
            newest = queued_;
        }
        for (std::string_view rest = octets; !rest.empty();) {
            const auto written = ::write(log_descriptor_, rest.data(), rest.size());
            if (written < 0) give_up("write");
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
        if (::fdatasync(log_descriptor_) != 0) give_up("fdatasync");
        ++syncs_;
        {
            const std::lock_guard lock(mutex_);
            durable_ = newest;
        }
        done_.notify_all();
    }
}

}  // namespace load
