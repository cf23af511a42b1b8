// The fetcher against a web server of ours on loopback.
#include "system/http/fetcher.h"

#include <doctest/doctest.h>

#include <thread>

#include "system/http/server.h"
#include "system/net/gone.h"
#include "system/net/listener.h"
#include "system/net/runtime.h"
#include "system/net/spawn.h"
#include "system/tls/handshake.h"
#include "system/tls/testing/peers.h"

using namespace pidge;
using namespace pidge::http;

namespace {

const tls::testing::Site& site() {
    static const tls::testing::Site made({"policy.example.org"}, {"http/1.1"});
    return made;
}

net::Task<ServerResponse> answer(ServerRequest request) {
    if (request.path == "/large") co_return Response{.body = std::string(100'000, 'x')};
    if (request.path == "/moved")
        co_return Response{.status = 301, .fields = {{"Location", "https://policy.example.org/"}}};
    const std::string host(request.fields.find("Host").value_or(""));
    co_return text_response(
        200, request.method + " " + request.path + " at " + host + ": " + request.body);
}

net::Task<void> serve_one(std::unique_ptr<net::Stream> plain) {
    auto secured =
        co_await tls::accept(std::move(plain), *site().server, std::chrono::milliseconds(5'000));
    co_await serve(std::move(secured), answer);
}

// A server that says nothing at all.
net::Task<void> keep_silent(std::unique_ptr<net::Stream> plain) {
    char octet[1];
    plain->set_deadline(std::chrono::milliseconds(10'000));
    while (co_await plain->read_some(octet) != 0) {
    }
}

struct Web {
    net::Runtime runtime{1};
    net::Listener listener;
    Fetcher fetcher{{.authorities_path = site().authority_path}};

    explicit Web(net::Listener::Handler handler = serve_one)
        : listener(*net::ListenSocket::tcp(*net::Endpoint::parse("127.0.0.1:0")), runtime.loops(),
                   {.name = "web"}, std::move(handler)) {}

    FetchRequest request(std::string path) const {
        return {.host = "policy.example.org",
                .addresses = {*net::Address::parse("127.0.0.1")},
                .port = listener.endpoint().port,
                .path = std::move(path)};
    }
    Result<Fetched> fetch(FetchRequest request) {
        return net::run(fetcher.fetch(std::move(request)));
    }
};

}  // namespace

TEST_CASE("a page is fetched from the addresses that were given, by its name") {
    Web web;
    auto request = web.request("/.well-known/mta-sts.txt");
    const auto page = web.fetch(request);
    REQUIRE_MESSAGE(page, page.error().text);
    CHECK(page->status == 200);
    CHECK(page->content_type.starts_with("text/plain"));
    CHECK(page->body.starts_with("GET /.well-known/mta-sts.txt at policy.example.org"));
    // An address where nobody listens is passed over.
    request.addresses.insert(request.addresses.begin(), *net::Address::parse("127.0.0.99"));
    CHECK(web.fetch(request));
    request.content_type = "application/json";
    request.body = "{}";
    CHECK(web.fetch(request)->body.find("POST") == 0);
    CHECK(web.fetch(request)->body.find(": {}") != std::string::npos);
}

TEST_CASE("a redirect is an answer like any other, and is not followed") {
    Web web;
    const auto page = web.fetch(web.request("/moved"));
    REQUIRE(page);
    CHECK(page->status == 301);
}

TEST_CASE("[T03] a certificate of another name or authority gives nothing") {
    Web web;
    auto request = web.request("/");
    request.host = "other.example.org";
    const auto named = web.fetch(request);
    REQUIRE_FALSE(named);
    CHECK(named.error().code == "certificate");
    Fetcher distrusts({});
    const auto unknown = net::run(distrusts.fetch(web.request("/")));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == "certificate");
}

TEST_CASE("an answer that is too large, late or no HTTPS is none") {
    Web web;
    CHECK(web.fetch(web.request("/large")).error().kind == Refusal::Kind::limit);
    Web silent(keep_silent);
    auto request = silent.request("/");
    request.deadline = std::chrono::milliseconds(300);
    CHECK(silent.fetch(request).error().code.empty());
    request.addresses.clear();
    CHECK_FALSE(silent.fetch(request));
}

TEST_CASE("a fetcher that ends breaks off what is under way") {
    Web silent(keep_silent);
    auto fetcher = std::make_unique<Fetcher>(Fetcher::Options{});
    const auto ask = [](Fetcher& from, FetchRequest request) -> net::Task<bool> {
        try {
            const auto page = co_await from.fetch(std::move(request));
            co_return page.has_value();
        } catch (const net::Gone&) {
        }
        co_return false;
    };
    std::thread asks(
        [&, request = silent.request("/")] { CHECK_FALSE(net::run(ask(*fetcher, request))); });
    while (silent.listener.admission().open() == 0) std::this_thread::yield();
    fetcher.reset();
    asks.join();
}
