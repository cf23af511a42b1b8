#include "system/net/socket_stream.h"

#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/net/gone.h"
#include "system/net/limits.h"
#include "system/net/loop.h"
#include "system/net/owned_fd.h"
#include "system/net/socket_address.h"

namespace pidge::net {

namespace {

Endpoint name_of(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (ask(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
    return endpoint_of(address);
}

[[noreturn]] void throw_reset(std::string what, int error) {
    throw Gone(Gone::Why::reset, what + ": " + error_text(error));
}

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

void set_option(int fd, int level, int option, int value = 1) {
    // UNIX sockets do not know these; nothing depends on them.
    (void)::setsockopt(fd, level, option, &value, sizeof value);
}

// What we have asked for is waited for long enough (RFC 5321 §4.5.3.2: up to ten minutes); whether
// the other side is still there can be known sooner.
void look_after(int fd) {
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, limits::keepalive_idle_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, limits::keepalive_interval_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, limits::keepalive_count);
}

// Connects a fresh socket. The descriptor is closed by its owner when this throws.
Task<void> connect(Descriptor& socket, SocketAddress address, std::string name,
                   std::chrono::milliseconds timeout) {
    if (::connect(socket.fd(), address.get(), address.length) == 0) co_return;
    // A UNIX socket whose backlog is full says EAGAIN and knows no readiness to wait for.
    if (errno != EINPROGRESS) throw_reset("cannot connect to " + name, errno);
    socket.set_deadline(timeout);
    co_await socket.writable();
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) throw_reset("cannot connect to " + name, error);
}

int new_socket(int family) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw_reset("cannot make a socket", errno);
    return fd;
}

// 0, or the system's reason why not.
int bind_to(int fd, const Address& source) {
    const SocketAddress from = socket_address(Endpoint{source, 0});
    return ::bind(fd, from.get(), from.length) == 0 ? 0 : errno;
}

std::string cannot_send_from(const Address& source) {
    return "cannot send from " + source.text();
}

}  // namespace

SocketStream::SocketStream(int fd)
    : SocketStream(fd, name_of(fd, ::getsockname), name_of(fd, ::getpeername)) {}

SocketStream::SocketStream(int fd, Endpoint local, Endpoint remote)
    : descriptor_(fd), local_(local), remote_(remote) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
}

Task<std::size_t> SocketStream::read_some(std::span<char> into) {
    for (;;) {
        descriptor_.check_open();
        const ssize_t n = ::recv(descriptor_.fd(), into.data(), into.size(), MSG_DONTWAIT);
        if (n >= 0) co_return static_cast<std::size_t>(n);
        if (errno == EINTR) continue;
        if (!would_block(errno)) throw_reset("reading failed", errno);
        co_await descriptor_.readable();
    }
}

bool SocketStream::has_input() {
    int octets = 0;
    return descriptor_.fd() >= 0 && ::ioctl(descriptor_.fd(), FIONREAD, &octets) == 0 && octets > 0;
}

Task<void> SocketStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        descriptor_.check_open();
        const ssize_t n =
            ::send(descriptor_.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR) continue;
        if (!would_block(errno)) throw_reset("writing failed", errno);
        co_await descriptor_.writable();
    }
}

Task<void> SocketStream::shutdown() {
    const int fd = descriptor_.fd();
    if (fd < 0 || ::shutdown(fd, SHUT_WR) != 0) co_return;
    // Closing with unread octets sends a reset, which can overtake our last reply at the peer. Take
    // what is here.
    char discarded[4096];
    for (std::size_t taken = 0; taken < limits::discard_at_shutdown_octets;) {
        const ssize_t n = ::recv(fd, discarded, sizeof discarded, MSG_DONTWAIT);
        if (n <= 0) co_return;
        taken += static_cast<std::size_t>(n);
    }
}

std::optional<SocketStream::PeerProcess> SocketStream::peer_process() const {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(descriptor_.fd(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 ||
        credentials.pid == 0)
        return {};
    return PeerProcess{credentials.pid, credentials.uid, credentials.gid};
}

Task<std::unique_ptr<Stream>> connect_tcp(Endpoint remote, std::optional<Address> source,
                                          std::chrono::milliseconds timeout) {
    Descriptor socket(new_socket(remote.address.is_v6() ? AF_INET6 : AF_INET));
    if (source) {
        // Chooses the port at connect, so that many connections can share one source address.
        set_option(socket.fd(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
        if (const int error = bind_to(socket.fd(), *source); error != 0)
            throw_reset(cannot_send_from(*source), error);
    }
    look_after(socket.fd());
    co_await connect(socket, socket_address(remote), remote.text(), timeout);
    co_return std::make_unique<SocketStream>(socket.release());
}

Result<> check_source(const Address& source) {
    const OwnedFd fd(::socket(source.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int error = fd.get() < 0 ? errno : bind_to(fd.get(), source);
    if (error == 0) return {};
    return Refusal{.kind = Refusal::Kind::temporary,
                   .text = cannot_send_from(source) + ": " + error_text(error)};
}

Task<std::unique_ptr<Stream>> connect_unix(std::string path, std::chrono::milliseconds timeout) {
    const auto address = socket_address(path);
    if (!address) throw Gone(Gone::Why::reset, address.error().text);
    Descriptor socket(new_socket(AF_UNIX));
    co_await connect(socket, *address, path, timeout);
    co_return std::make_unique<SocketStream>(socket.release());
}

}  // namespace pidge::net
