// Both sides of a TLS connection over an in-memory pair, and a server with a certificate; for tests
// of whatever runs over TLS.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "system/net/gone.h"
#include "system/net/stream.h"
#include "system/tls/handshake.h"
#include "system/tls/testing/certificates.h"

namespace pidge::tls::testing {

using StreamPtr = std::unique_ptr<net::Stream>;

struct Peers {
    StreamPtr client, server;
    std::optional<net::Gone> client_error, server_error;
};

// Changes one side's stream before the handshake.
using Wrap = std::function<StreamPtr(StreamPtr)>;

struct Meeting {
    Wrap client_wrap, server_wrap;
    std::size_t capacity = 64 * 1024;
};

// Both sides at once; errors are kept, not thrown.
net::Task<Peers> meet(std::shared_ptr<ServerContext> server, std::shared_ptr<ClientContext> client,
                      ConnectOptions options, Meeting meeting = {});

// The same, with a client of the caller's making.
using Connect = std::function<net::Task<StreamPtr>(StreamPtr)>;
net::Task<Peers> meet_with(std::shared_ptr<ServerContext> server, Connect client,
                           Meeting meeting = {});

// A server for one certificate of `names`, and its authority.
struct Site {
    explicit Site(std::vector<std::string> names = {"mail.example.org"},
                  std::vector<std::string> alpn = {}, std::string service = "test");

    ServerOptions options() const;

    Folder folder;
    Authority authority;
    std::string authority_path;
    CertificateFiles files;
    std::vector<std::string> alpn;
    std::string service;
    std::shared_ptr<ServerContext> server;
    std::shared_ptr<ClientContext> client(Verification verification = Verification::required) const;

    CertificateFiles write(const std::string& name, const Certificate& certificate) const;
};

// Less only at the end of the stream.
net::Task<std::string> read_exactly(net::Stream& stream, std::size_t size);

}  // namespace pidge::tls::testing
