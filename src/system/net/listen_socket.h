// ListenSocket: a socket that connections come in on; made here, or by systemd before the program
// started.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "system/net/endpoint.h"
#include "system/net/owned_fd.h"

namespace pidge::net {

class ListenSocket {
 public:
    // An IPv6 socket takes IPv6 only. Port 0: the system chooses (see endpoint()).
    static Result<ListenSocket> tcp(const Endpoint& endpoint);
    // Replaces the socket file of a process that has gone, never one that somebody answers on.
    // `mode` as for chmod.
    static Result<ListenSocket> unix_path(const std::string& path, unsigned mode);
    // A socket in listening state, passed by systemd.
    static Result<ListenSocket> inherited(OwnedFd fd, const std::string& name);

    int fd() const { return fd_.get(); }
    bool is_tcp() const { return is_tcp_; }
    Endpoint endpoint() const;  // 0.0.0.0:0 for UNIX sockets
    const std::string& text() const {
        return text_;
    }  // "192.0.2.1:25", a path, or "NAME (inherited)"
    OwnedFd take() { return std::move(fd_); }

 private:
    ListenSocket(OwnedFd fd, std::string text, bool is_tcp)
        : fd_(std::move(fd)), text_(std::move(text)), is_tcp_(is_tcp) {}

    OwnedFd fd_;
    std::string text_;
    bool is_tcp_;
};

// Refused when what stands at that path is no socket: unix_path() leaves it alone.
Result<> check_socket_path(const std::string& path);

struct InheritedSocket {
    std::string name;  // FileDescriptorName= of the socket unit; may be empty
    OwnedFd fd;
};

// The sockets that systemd passed (sd_listen_fds(3)), from the values of the environment variables
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. Called once, at the start; the caller removes the
// variables, so that no child believes them.
std::vector<InheritedSocket> inherited_sockets(std::string_view listen_pid,
                                               std::string_view listen_fds,
                                               std::string_view listen_fdnames);

}  // namespace pidge::net
