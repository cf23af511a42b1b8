#include "system/tls/peers_test.h"

#include <doctest/doctest.h>

#include "system/net/event.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"

namespace pidge::tls::testing {

using net::Task;

namespace {

struct Meet {
    Peers peers;
    net::Flag server_done;
};

Task<void> serve(std::shared_ptr<Meet> meet, StreamPtr stream,
                 std::shared_ptr<ServerContext> context) {
    try {
        meet->peers.server = co_await accept(std::move(stream), *context, std::chrono::seconds(30));
    } catch (const net::Gone& gone) {
        meet->peers.server_error = gone;
    }
    meet->server_done.set();
}

Task<StreamPtr> connect_raw(StreamPtr stream, Prepare prepare) {
    const ContextPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(context.get(), 0);
    prepare(context.get(), nullptr);
    SslPtr ssl(SSL_new(context.get()));
    SSL_set_connect_state(ssl.get());
    prepare(nullptr, ssl.get());
    auto out = std::make_unique<TlsStream>(std::move(stream), std::move(ssl));
    co_await out->handshake();
    co_return out;
}

Task<Peers> both(std::shared_ptr<ServerContext> server,
                 std::function<Task<StreamPtr>(StreamPtr)> connecting, Meeting meeting) {
    auto [near, far] = net::memory_pair({.capacity = meeting.capacity});
    StreamPtr client = std::move(near), other = std::move(far);
    if (meeting.client_wrap) client = meeting.client_wrap(std::move(client));
    if (meeting.server_wrap) other = meeting.server_wrap(std::move(other));
    const auto meet = std::make_shared<Meet>();
    net::spawn("server", serve(meet, std::move(other), std::move(server)));
    try {
        meet->peers.client = co_await connecting(std::move(client));
    } catch (const net::Gone& gone) {
        meet->peers.client_error = gone;
    }
    co_await meet->server_done.wait();
    co_return std::move(meet->peers);
}

}  // namespace

Task<Peers> meet(std::shared_ptr<ServerContext> server, std::shared_ptr<ClientContext> client,
                 ConnectOptions options, Meeting meeting) {
    return both(
        std::move(server),
        [client = std::move(client), options = std::move(options)](StreamPtr stream) {
            return connect(std::move(stream), *client, options);
        },
        std::move(meeting));
}

Task<Peers> meet_raw(std::shared_ptr<ServerContext> server, Prepare prepare, Meeting meeting) {
    return both(
        std::move(server),
        [prepare = std::move(prepare)](StreamPtr stream) {
            return connect_raw(std::move(stream), prepare);
        },
        std::move(meeting));
}

Site::Site(std::vector<std::string> names, std::vector<std::string> protocols, std::string scope)
    : authority_path(folder.write("ca.pem", authority.certificate().certificate_pem)),
      files(write("site", authority.issue(names))),
      alpn(std::move(protocols)),
      service(std::move(scope)) {
    auto made = ServerContext::create(options(), system_clock().now());
    REQUIRE_MESSAGE(made.has_value(), made.error().text);
    server = *std::move(made);
}

ServerOptions Site::options() const {
    return {.service = service, .certificates = {files}, .alpn = alpn};
}

CertificateFiles Site::write(const std::string& name, const Certificate& certificate) const {
    return {folder.write(name + ".pem", certificate.certificate_pem),
            folder.write(name + ".key", certificate.key_pem)};
}

std::shared_ptr<ClientContext> Site::client(Verification verification) const {
    auto made =
        ClientContext::create({.verification = verification, .authorities_path = authority_path});
    REQUIRE_MESSAGE(made.has_value(), made.error().text);
    return *std::move(made);
}

SSL* ssl_of(const StreamPtr& stream) {
    return dynamic_cast<TlsStream&>(*stream).ssl();
}

Task<std::string> read_exactly(net::Stream& stream, std::size_t size) {
    std::string out(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const std::size_t n = co_await stream.read_some(std::span(out).subspan(have));
        if (n == 0) break;
        have += n;
    }
    out.resize(have);
    co_return out;
}

}  // namespace pidge::tls::testing
