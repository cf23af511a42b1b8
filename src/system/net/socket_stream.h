// SocketStream: a connected TCP or UNIX socket as a Stream, and how outgoing ones are made.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "system/net/descriptor.h"
#include "system/net/stream.h"

namespace pidge::net {

class SocketStream final : public Stream {
 public:
    // Takes a connected socket over. On the loop that is to own it.
    explicit SocketStream(int fd);
    SocketStream(int fd, Endpoint local, Endpoint remote);

    Task<std::size_t> read_some(std::span<char> into) override;
    bool has_input() override;
    Task<void> wait_readable() override { return descriptor_.readable(); }
    Task<void> write(std::string_view bytes) override;
    Task<void> shutdown() override;
    void close() noexcept override { descriptor_.close(); }
    void set_deadline(std::chrono::milliseconds from_now) override {
        descriptor_.set_deadline(from_now);
    }
    // 0.0.0.0:0 for UNIX sockets.
    Endpoint local() const override { return local_; }
    Endpoint remote() const override { return remote_; }

    // Of the process at the other end of a UNIX socket when it connected; nothing for TCP.
    struct PeerProcess {
        pid_t pid;
        uid_t uid;
        gid_t gid;
    };
    std::optional<PeerProcess> peer_process() const;

 private:
    Descriptor descriptor_;
    Endpoint local_, remote_;
};

// Connects, from `source` where given. Gone(deadline), Gone(reset) with the system's reason.
Task<std::unique_ptr<Stream>> connect_tcp(Endpoint remote, std::optional<Address> source,
                                          std::chrono::milliseconds timeout);
// Whether the address can be the source of a connection now. Refused with the system's reason.
Result<> check_source(const Address& source);
Task<std::unique_ptr<Stream>> connect_unix(std::string path, std::chrono::milliseconds timeout);

}  // namespace pidge::net
