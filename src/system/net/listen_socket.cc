#include "system/net/listen_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "system/net/limits.h"
#include "system/net/socket_address.h"

namespace pidge::net {

namespace {

constexpr int first_inherited_fd = 3;  // SD_LISTEN_FDS_START

// What the administrator can do about it.
std::string mending(int error) {
    switch (error) {
        case EADDRINUSE:
            return ". Another program has it (ss -lpn shows which): stop that one, or choose "
                   "another address";
        case EADDRNOTAVAIL:
            return ". This machine has no such address: ip address shows those that it has";
        case EACCES:
        case EPERM:
            return ". This user may not: let systemd open the port (pidge.socket), or mend the "
                   "permissions of the folder";
        case ENOENT:
        case ENOTDIR:
            return ". Make the folder, owned by the server's user, or name a path in one that is "
                   "there";
        default:
            return {};
    }
}

Refusal cannot(const std::string& what, int error) {
    return {.kind = Refusal::Kind::temporary,
            .text = what + ": " + error_text(error) + mending(error)};
}

OwnedFd new_socket(int family) {
    return OwnedFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int option(int fd, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

// Whether the file is a socket that nobody listens on any more.
bool is_left_over(const std::string& path, const SocketAddress& address) {
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    const OwnedFd probe = new_socket(AF_UNIX);
    return ::connect(probe.get(), address.get(), address.length) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Result<> check_socket_path(const std::string& path) {
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0 || S_ISSOCK(status.st_mode)) return {};
    return Refusal{.kind = Refusal::Kind::conflict,
                   .text = "cannot listen on " + path + ": there is a " +
                           (S_ISDIR(status.st_mode) ? "folder" : "file") +
                           " of that name, which is left alone. Move it away, or name another "
                           "path"};
}

Result<ListenSocket> ListenSocket::tcp(const Endpoint& endpoint) {
    const std::string what = "cannot listen on " + endpoint.text();
    OwnedFd fd = new_socket(endpoint.address.is_v6() ? AF_INET6 : AF_INET);
    if (fd.get() < 0) return cannot(what, errno);
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (endpoint.address.is_v6()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    const SocketAddress address = socket_address(endpoint);
    if (::bind(fd.get(), address.get(), address.length) != 0 ||
        ::listen(fd.get(), limits::listen_backlog) != 0)
        return cannot(what, errno);
    return ListenSocket(std::move(fd), endpoint.text(), true);
}

Result<ListenSocket> ListenSocket::unix_path(const std::string& path, unsigned mode) {
    const std::string what = "cannot listen on " + path;
    const SocketAddress address = TRY(socket_address(path));
    TRY(check_socket_path(path));
    OwnedFd fd = new_socket(AF_UNIX);
    if (fd.get() < 0) return cannot(what, errno);
    // The file takes the socket's mode when it is made, so it is at no time open to more than
    // `mode` says.
    if (::fchmod(fd.get(), mode) != 0) return cannot(what, errno);
    if (is_left_over(path, address)) ::unlink(path.c_str());
    if (::bind(fd.get(), address.get(), address.length) != 0 || ::chmod(path.c_str(), mode) != 0 ||
        ::listen(fd.get(), limits::listen_backlog) != 0)
        return cannot(what, errno);
    return ListenSocket(std::move(fd), path, false);
}

Result<ListenSocket> ListenSocket::inherited(OwnedFd fd, const std::string& name) {
    const std::string text = name + " (inherited)";
    const int family = option(fd.get(), SO_DOMAIN);
    const bool is_tcp = family == AF_INET || family == AF_INET6;
    if ((!is_tcp && family != AF_UNIX) || option(fd.get(), SO_TYPE) != SOCK_STREAM ||
        option(fd.get(), SO_ACCEPTCONN) != 1)
        return Refusal{.kind = Refusal::Kind::unsupported,
                       .text = "The inherited socket " + name + " is no listening stream socket"};
    if (::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK) != 0)
        return cannot("cannot use " + text, errno);
    return ListenSocket(std::move(fd), text, is_tcp);
}

Endpoint ListenSocket::endpoint() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
    return endpoint_of(address);
}

std::vector<InheritedSocket> inherited_sockets(std::string_view listen_pid,
                                               std::string_view listen_fds,
                                               std::string_view listen_fdnames) {
    const auto pid = text::parse_u64(listen_pid);
    const auto count = text::parse_u64(listen_fds);
    std::vector<InheritedSocket> out;
    // Meant for another process: we were started by a program that got them itself.
    if (!pid || *pid != static_cast<std::uint64_t>(::getpid()) || !count ||
        *count > limits::inherited_sockets)
        return out;
    const auto each_name = text::split(listen_fdnames, ':');
    for (int i = 0; i < static_cast<int>(*count); ++i) {
        const int fd = first_inherited_fd + i;
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
        const auto place = static_cast<std::size_t>(i);
        out.push_back({place < each_name.size() ? std::string(each_name[place]) : "", OwnedFd(fd)});
    }
    return out;
}

}  // namespace pidge::net
