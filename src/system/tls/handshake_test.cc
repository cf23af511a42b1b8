#include "system/tls/handshake.h"

#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/stat.h>

#include "system/net/memory_stream.h"
#include "system/net/spawn.h"
#include "system/net/testing/fault_stream.h"
#include "system/tls/testing/peers.h"
#include "system/tls/tls_stream.h"

using namespace pidge;
using namespace pidge::tls;
using namespace pidge::tls::testing;
using namespace std::chrono_literals;
using net::Gone;
using net::run;
using net::Task;

namespace {

SSL* ssl_of(const StreamPtr& stream) {
    return dynamic_cast<TlsStream&>(*stream).ssl();
}

// A client made by OpenSSL's own means, for what our client cannot be made to do.
using Prepare = std::function<void(SSL_CTX*, SSL*)>;

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

Task<Peers> meet_raw(std::shared_ptr<ServerContext> server, Prepare prepare) {
    return meet_with(std::move(server), [prepare = std::move(prepare)](StreamPtr stream) {
        return connect_raw(std::move(stream), prepare);
    });
}

// As a reload of the configuration does it.
Result<> reload(ServerContext& server, ServerOptions options, WallTime now) {
    server.adopt(*TRY(ServerContext::create(std::move(options), now)));
    return {};
}

ConnectOptions to(std::string name, std::vector<std::string> alpn = {}) {
    return {.server_name = std::move(name), .alpn = std::move(alpn)};
}

Prepare version(int most) {
    return [most](SSL_CTX* context, SSL*) {
        if (context == nullptr) return;
        SSL_CTX_set_min_proto_version(context, 0);
        SSL_CTX_set_max_proto_version(context, most);
        SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    };
}

bool is_tls_failure(const std::optional<Gone>& error) {
    return error && error->why == Gone::Why::tls;
}

}  // namespace

TEST_CASE("[T02] Client and server agree on TLS 1.3, and know the same of the session") {
    const Site site;
    const Peers peers = run(meet(site.server, site.client(), to("mail.example.org")));
    REQUIRE(peers.client);
    REQUIRE(peers.server);
    const net::TlsInfo& client = *peers.client->tls();
    const net::TlsInfo& server = *peers.server->tls();
    CHECK(server.version == "TLSv1.3");
    CHECK(client.version == "TLSv1.3");
    CHECK(server.cipher == client.cipher);
    CHECK(server.cipher_bits >= 128);
    CHECK(server.server_name == "mail.example.org");
    CHECK(client.peer_verified);
    CHECK(client.peer_subject == "CN=mail.example.org");
    CHECK(client.verify_error.empty());
    CHECK(server.exporter.size() == 32);
    CHECK(server.exporter == client.exporter);
    CHECK(server.server_end_point.size() == 32);
    CHECK(server.server_end_point == client.server_end_point);
}

TEST_CASE("[T02] TLS 1.2 is served with AEAD and ephemeral keys, with channel binding") {
    const Site site;
    const Peers peers = run(meet_raw(site.server, version(TLS1_2_VERSION)));
    REQUIRE(peers.server);
    CHECK(peers.server->tls()->version == "TLSv1.2");
    CHECK(peers.server->tls()->cipher.starts_with("ECDHE-ECDSA-"));
    CHECK(peers.server->tls()->exporter.size() == 32);
    CHECK(peers.server->tls()->server_name.empty());
}

TEST_CASE("[T02] TLS 1.1 and older are refused with an alert") {
    const Site site;
    for (const int old : {TLS1_VERSION, TLS1_1_VERSION}) {
        const Peers peers = run(meet_raw(site.server, version(old)));
        CHECK(is_tls_failure(peers.server_error));
        REQUIRE(is_tls_failure(peers.client_error));
        CHECK(std::string(peers.client_error->what()).find("alert protocol version") !=
              std::string::npos);
    }
}

TEST_CASE("[T02] Suites without AEAD or ephemeral keys are refused") {
    const Site site;
    for (const char* const suite :
         {"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"}) {
        const Peers peers = run(meet_raw(site.server, [suite](SSL_CTX* context, SSL*) {
            if (context == nullptr) return;
            SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
            SSL_CTX_set_cipher_list(context, suite);
        }));
        CHECK(is_tls_failure(peers.server_error));
    }
}

namespace {
Task<void> renegotiate(std::shared_ptr<ServerContext> server) {
    const Peers peers = co_await meet_raw(std::move(server), version(TLS1_2_VERSION));
    REQUIRE(peers.client);
    REQUIRE(SSL_renegotiate(ssl_of(peers.client)) == 1);
    SSL_do_handshake(ssl_of(peers.client));
    std::string seen;
    try {
        co_await peers.client->write("x");  // carries the ClientHello along
        char buffer[10];
        const std::size_t n = co_await peers.server->read_some(buffer);
        seen.assign(buffer, n);
    } catch (const Gone&) {
        seen = "gone";
    }
    CHECK(SSL_num_renegotiations(ssl_of(peers.server)) == 0);
    CHECK(seen == "gone");
}
}  // namespace

TEST_CASE("The name that the client wants chooses the certificate; without one the first stands") {
    const Site site({"one.example.org"});
    ServerOptions options = site.options();
    options.certificates.push_back(site.write("two", site.authority.issue({"two.example.org"})));
    options.certificates.push_back(site.write("wild", site.authority.issue({"*.example.net"})));
    const auto made = ServerContext::create(options, system_clock().now());
    REQUIRE(made);
    const auto any = site.client(Verification::opportunistic);
    const auto subject = [&](const std::string& name) {
        const Peers peers = run(meet(*made, any, to(name)));
        REQUIRE(peers.client);
        CHECK(peers.server->tls()->server_end_point == peers.client->tls()->server_end_point);
        return peers.client->tls()->peer_subject;
    };
    CHECK(subject("one.example.org") == "CN=one.example.org");
    CHECK(subject("two.example.org") == "CN=two.example.org");
    CHECK(subject("TWO.example.org.") == "CN=two.example.org");
    CHECK(subject("a.example.net") == "CN=*.example.net");
    CHECK(subject("a.b.example.net") == "CN=one.example.org");
    CHECK(subject("") == "CN=one.example.org");
    CHECK(subject("192.0.2.2") == "CN=one.example.org");
    CHECK((*made)->certificates().at(1).names == std::vector<std::string>{"two.example.org"});
}

TEST_CASE(
    "[F09] A client that offers only protocols of others gets an alert; one that offers none is "
    "served") {
    const Site imap({"mail.example.org"}, {"imap"});
    const auto client = imap.client();
    Peers peers = run(meet(imap.server, client, to("mail.example.org", {"h2", "imap"})));
    REQUIRE(peers.server);
    CHECK(peers.server->tls()->alpn == "imap");
    CHECK(peers.client->tls()->alpn == "imap");
    CHECK(run(meet(imap.server, client, to("mail.example.org"))).server);
    const Site smtp;
    for (const Site* const site : {&imap, &smtp}) {
        peers = run(meet(site->server, site->client(), to("mail.example.org", {"h2", "http/1.1"})));
        CHECK(is_tls_failure(peers.server_error));
        REQUIRE(is_tls_failure(peers.client_error));
        CHECK(std::string(peers.client_error->what()).find("no application protocol") !=
              std::string::npos);
    }
}

TEST_CASE(
    "A client that verifies refuses other names, other authorities and expired certificates") {
    const Site site({"mail.example.org", "192.0.2.2"});
    const Site other;
    CHECK(run(meet(site.server, site.client(), to("mail.example.org"))).client);
    CHECK(run(meet(site.server, site.client(), to("192.0.2.2"))).client);
    for (const auto& [client, name] :
         {std::pair{site.client(), "www.example.org"}, std::pair{site.client(), "192.0.2.3"},
          std::pair{other.client(), "mail.example.org"}}) {
        const Peers peers = run(meet(site.server, client, to(name)));
        REQUIRE(is_tls_failure(peers.client_error));
        const std::string what = peers.client_error->what();
        CHECK_MESSAGE(what.find("certificate") != std::string::npos, what);
    }
    // What does not verify is good enough for MX, and known.
    const Peers peers =
        run(meet(site.server, other.client(Verification::opportunistic), to("x.example.org")));
    REQUIRE(peers.client);
    CHECK_FALSE(peers.client->tls()->peer_verified);
    CHECK_FALSE(peers.client->tls()->verify_error.empty());
}

namespace {

std::string sha256(const std::string& bytes) {
    std::string out(32, '\0');
    EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
               EVP_sha256(), nullptr);
    return out;
}

}  // namespace

TEST_CASE("DANE: a certificate is verified when it fits a TLSA record, and only then") {
    const Authority authority;
    const Certificate certificate = authority.issue({"mx.example.org"});
    Site site;
    REQUIRE(reload(*site.server,
                   {.service = "smtp", .certificates = {site.write("mx", certificate)}},
                   system_clock().now()));
    const auto client = site.client(Verification::dane);
    const auto is_verified = [&](std::vector<TlsaRecord> records,
                                 std::string name = "mx.example.org",
                                 std::vector<std::string> further = {}) {
        const Peers peers = run(meet(site.server, client,
                                     {.server_name = std::move(name),
                                      .tlsa = std::move(records),
                                      .further_names = std::move(further)}));
        REQUIRE(peers.client);
        CHECK(peers.client->tls()->peer_verified == peers.client->tls()->verify_error.empty());
        return peers.client->tls()->peer_verified;
    };
    const std::string key = sha256(certificate.public_key_der);
    const std::string wrong = sha256("another");
    const std::string root = sha256(authority.certificate().certificate_der);
    CHECK(is_verified({{3, 1, 1, key}}));
    CHECK(is_verified({{3, 0, 0, certificate.certificate_der}}));
    CHECK(is_verified({{3, 1, 1, key}}, "other.example.org"));  // RFC 7672 §3.1.1
    CHECK(is_verified({{3, 1, 1, wrong}, {3, 1, 1, key}}));
    CHECK_FALSE(is_verified({{3, 1, 1, wrong}}));
    CHECK(is_verified({{2, 0, 1, root}}));
    CHECK_FALSE(is_verified({{2, 0, 1, root}}, "other.example.org"));
    CHECK(is_verified({{2, 0, 1, root}}, "other.example.org", {"mx.example.org"}));
    CHECK_FALSE(is_verified({{1, 1, 1, key}}));  // RFC 7672 §3.1.3: unusable
    CHECK_FALSE(is_verified({{3, 1, 1, key.substr(1)}}));
    CHECK_FALSE(is_verified({}));
    CHECK_FALSE(is_usable({3, 2, 1, key}));
    CHECK_FALSE(is_usable({3, 1, 3, key}));
    CHECK_FALSE(is_usable({3, 1, 0, ""}));
}

TEST_CASE("New files take effect at reload; bad ones are refused by name and change nothing") {
    const Site site;
    const auto client = site.client(Verification::opportunistic);
    const WallTime now = system_clock().now();
    const auto subject = [&] {
        const Peers peers = run(meet(site.server, client, to("")));
        REQUIRE(peers.client);
        return peers.client->tls()->peer_subject;
    };
    CHECK(subject() == "CN=mail.example.org");
    const auto refusal = [&](CertificateFiles files) {
        const auto result = reload(*site.server, {.service = "test", .certificates = {files}}, now);
        REQUIRE_FALSE(result);
        CHECK(subject() == "CN=mail.example.org");
        return result.error().text;
    };
    const auto says = [](const std::string& text, std::string_view what) {
        CHECK_MESSAGE(text.find(what) != std::string::npos, text);
    };
    const std::string gone = site.folder.path() + "/gone.pem";
    says(refusal({gone, site.files.key_path}), gone + ": No such file");
    says(refusal({site.files.chain_path, gone}), gone + ": No such file");
    const auto other = site.write("other", site.authority.issue({"other.example.org"}));
    says(refusal({site.files.chain_path, other.key_path}), "does not belong to");
    says(refusal({site.files.key_path, site.files.key_path}), "holds no certificate");
    says(refusal({site.files.chain_path, site.files.chain_path}), "holds no private key");
    says(refusal(site.write("old", site.authority.issue({"old"}, {now - 48h, now - 1h}))),
         "CN=old expired");
    says(refusal(site.write("new", site.authority.issue({"new"}, {now + 1h, now + 2h}))),
         "not valid before");
    ::chmod(other.key_path.c_str(), 0644);
    says(refusal(other), other.key_path + ": everybody");
    ::chmod(other.key_path.c_str(), 0640);
    CHECK(reload(*site.server, {.service = "test", .certificates = {other}}, now));
    CHECK(subject() == "CN=other.example.org");
    // The same names, new content.
    site.write("other", site.authority.issue({"third.example.org"}));
    CHECK(reload(*site.server, {.service = "test", .certificates = {other}}, now));
    CHECK(subject() == "CN=third.example.org");
    CHECK(site.server->certificates().at(0).expires > now + 23h);
}

namespace {

// Two connections of one client, the second to `second`; whether it resumed the first one's
// session.
Task<bool> resumes(const Site* first, const Site* second, Verification verification) {
    const auto client = first->client(verification);
    Peers peers = co_await meet(first->server, client, to("mail.example.org"));
    REQUIRE(peers.client);
    co_await peers.server->write("x");
    co_await read_exactly(*peers.client, 1);  // the ticket comes before it
    CHECK(client->sessions() == 1);
    peers = co_await meet(second->server, client, to("mail.example.org"));
    REQUIRE(peers.client);
    if (verification == Verification::required) CHECK(peers.client->tls()->peer_verified);
    co_return SSL_session_reused(ssl_of(peers.client)) == 1;
}

}  // namespace

TEST_CASE("[G5] A session is resumed at its own service, and is worth nothing at another") {
    const Site imap({"mail.example.org"}, {}, "imap");
    const Site smtp({"mail.example.org"}, {}, "smtp");
    CHECK(run(resumes(&imap, &imap, Verification::required)));
    CHECK(run(resumes(&imap, &imap, Verification::opportunistic)));
    CHECK_FALSE(run(resumes(&imap, &smtp, Verification::opportunistic)));
}

TEST_CASE("[T02] A client that wants to renegotiate does not get its way") {
    const Site site;
    run(renegotiate(site.server));
}

TEST_CASE("A handshake that does not go on ends at its deadline") {
    const Site site;
    auto [client, server] = net::memory_pair();
    std::optional<Gone::Why> why;
    try {
        run(accept(std::move(server), *site.server, 10s), net::TimeSource::simulated);
    } catch (const Gone& gone) {
        why = gone.why;
    }
    CHECK(why == Gone::Why::deadline);
}

TEST_CASE("[F09] Plain HTTP or SMTP where TLS is expected is a TLS failure") {
    const Site site;
    for (const char* const text : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "EHLO client\r\n"}) {
        std::optional<Gone::Why> why;
        auto [client, server] = net::memory_pair();
        run(client->write(text));
        try {
            run(accept(std::move(server), *site.server, 10s), net::TimeSource::simulated);
        } catch (const Gone& gone) {
            why = gone.why;
        }
        CHECK(why == Gone::Why::tls);
    }
}

TEST_CASE("A server context needs a certificate") {
    CHECK_FALSE(ServerContext::create({.service = "x"}, system_clock().now()));
    CHECK_FALSE(ClientContext::create({.authorities_path = "/nonexistent/ca.pem"}));
}
