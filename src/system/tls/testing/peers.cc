#include "system/tls/testing/peers.h"

#include "base/check.h"
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

}  // namespace

Task<Peers> meet_with(std::shared_ptr<ServerContext> server, Connect connecting, Meeting meeting) {
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

Task<Peers> meet(std::shared_ptr<ServerContext> server, std::shared_ptr<ClientContext> client,
                 ConnectOptions options, Meeting meeting) {
    return meet_with(
        std::move(server),
        [client = std::move(client), options = std::move(options)](StreamPtr stream) {
            return connect(std::move(stream), *client, options);
        },
        std::move(meeting));
}

Site::Site(std::vector<std::string> names, std::vector<std::string> protocols, std::string scope)
    : authority_path(folder.write("ca.pem", authority.certificate().certificate_pem)),
      files(write("site", authority.issue(names))),
      alpn(std::move(protocols)),
      service(std::move(scope)) {
    auto made = ServerContext::create(options(), system_clock().now());
    check(made.has_value(), "no TLS context");
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
    check(made.has_value(), "no TLS context");
    return *std::move(made);
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
