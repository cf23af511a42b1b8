#include "connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace load {

namespace {
SSL_CTX* client_context() {
    static SSL_CTX* const context = [] {
        SSL_CTX* made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
        return made;
    }();
    return context;
}
}  // namespace

bool Connection::open(const std::string& host, int port) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const timeval patience{60, 0};
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1 &&
           ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

bool Connection::secure() {
    tls_.reset(SSL_new(client_context()));
    SSL_set_fd(tls_.get(), descriptor_);
    return SSL_connect(tls_.get()) == 1;
}

bool Connection::send(std::string_view octets) {
    while (!octets.empty()) {
        const auto sent =
            tls_ ? SSL_write(tls_.get(), octets.data(),
                             static_cast<int>(std::min<std::size_t>(octets.size(), 1 << 20)))
                 : ::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Connection::read_line(std::string& line) {
    for (;;) {
        if (const auto end = input_.find('\n', position_); end != std::string::npos) {
            line.assign(input_, position_, end - position_);
            if (line.ends_with('\r')) line.pop_back();
            position_ = end + 1;
            if (position_ == input_.size()) {
                input_.clear();
                position_ = 0;
            }
            return true;
        }
        std::array<char, 8192> piece;
        const auto got = tls_ ? SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()))
                              : ::recv(descriptor_, piece.data(), piece.size(), 0);
        if (got <= 0) return false;
        input_.append(piece.data(), static_cast<std::size_t>(got));
    }
}

int Connection::reply(std::string* text) {
    std::string line;
    do {
        if (!read_line(line)) return -1;
        if (text) *text += line + "\n";
    } while (line.size() > 3 && line[3] == '-');
    if (line.size() < 3) return -1;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

void Connection::close() {
    tls_.reset();
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    input_.clear();
    position_ = 0;
}

}  // namespace load
