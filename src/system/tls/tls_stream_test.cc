#include "system/tls/tls_stream.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <deque>

#include "system/net/event.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"
#include "system/net/testing/fault_stream.h"
#include "system/net/timer.h"
#include "system/tls/testing/peers.h"

using namespace pidge;
using namespace pidge::tls;
using namespace pidge::tls::testing;
using net::Gone;
using net::run;
using net::Task;
using net::testing::Faults;
using net::testing::FaultStream;

namespace {

SSL* ssl_of(const StreamPtr& stream) {
    return dynamic_cast<TlsStream&>(*stream).ssl();
}

std::string pattern(std::size_t size, unsigned seed) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * (31 + seed) + i / 251);
    return out;
}

Wrap faulty(std::shared_ptr<Faults> faults) {
    return [faults](StreamPtr stream) -> StreamPtr {
        return std::make_unique<FaultStream>(std::move(stream), faults);
    };
}

Task<void> send_and_end(net::Stream* stream, std::string bytes) {
    co_await stream->write(bytes);
    co_await stream->shutdown();
}

Task<std::string> read_to_end(net::Stream& stream) {
    std::string out;
    std::string buffer(7000, '\0');
    for (;;) {
        const std::size_t n = co_await stream.read_some(buffer);
        if (n == 0) co_return out;
        out.append(buffer, 0, n);
    }
}

Task<void> receive(net::Stream* stream, std::string* into, net::Flag* done) {
    *into = co_await read_to_end(*stream);
    done->set();
}

// Both ends send and receive at the same time.
Task<void> both_ways(const Site* site, std::size_t size, Meeting meeting) {
    Peers peers = co_await meet(site->server, site->client(), {.server_name = "mail.example.org"},
                                std::move(meeting));
    REQUIRE(peers.client);
    REQUIRE(peers.server);
    std::string at_server;
    net::Flag done;
    net::spawn("a", send_and_end(peers.client.get(), pattern(size, 1)));
    net::spawn("b", send_and_end(peers.server.get(), pattern(size, 2)));
    net::spawn("c", receive(peers.server.get(), &at_server, &done));
    const std::string at_client = co_await read_to_end(*peers.client);
    co_await done.wait();
    CHECK(at_server == pattern(size, 1));
    CHECK(at_client == pattern(size, 2));
}

// Reads on as the peer: what the end of its stream looks like.
Task<std::string> end_of(const Site* site, void (*leave)(Peers&)) {
    Peers peers = co_await meet(site->server, site->client(), {.server_name = "mail.example.org"});
    REQUIRE(peers.client);
    // Closing with octets unread would be a reset; the session tickets are among them.
    co_await peers.server->write("x");
    co_await read_exactly(*peers.client, 1);
    co_await peers.client->write("last words");
    leave(peers);
    const std::string words = co_await read_exactly(*peers.server, 10);
    CHECK(words == "last words");
    char buffer[1];
    try {
        const std::size_t n = co_await peers.server->read_some(buffer);
        CHECK(n == 0);
    } catch (const Gone& gone) {
        CHECK(gone.why == Gone::Why::closed);
        co_return "cut off";
    }
    co_return "end";
}

Task<std::string> orderly_end(const Site* site) {
    Peers peers = co_await meet(site->server, site->client(), {.server_name = "mail.example.org"});
    REQUIRE(peers.client);
    co_await peers.client->shutdown();
    // One direction has ended; the other goes on.
    co_await peers.server->write("still here");
    const std::string words = co_await read_exactly(*peers.client, 10);
    CHECK(words == "still here");
    for (int i = 0; i < 2; ++i) {
        const std::string nothing = co_await read_exactly(*peers.server, 1);
        CHECK(nothing.empty());
    }
    co_return "end";
}

Task<void> dialogue(const Site* site, std::shared_ptr<Faults> faults, bool* came_through) {
    Peers peers = co_await meet(site->server, site->client(), {.server_name = "mail.example.org"},
                                {.server_wrap = faulty(faults)});
    if (!peers.server) co_return;
    // The client's half of a broken handshake ends when the server's stream is gone.
    if (!peers.client) co_return;
    co_await peers.client->write("ping");
    const std::string ping = co_await read_exactly(*peers.server, 4);
    CHECK(ping == "ping");
    co_await peers.server->write("pong");
    const std::string pong = co_await read_exactly(*peers.client, 4);
    CHECK(pong == "pong");
    co_await peers.server->shutdown();
    const std::string nothing = co_await read_exactly(*peers.client, 1);
    CHECK(nothing.empty());
    *came_through = true;
}

}  // namespace

TEST_CASE("Octets go through TLS unchanged, both ways at once") {
    const Site site;
    for (const std::size_t size : {1, 16'384, 16'385, 5'000'000}) run(both_ways(&site, size, {}));
    run(both_ways(&site, 300'000, {.capacity = 1000}));
}

TEST_CASE("TLS does not mind in what pieces its records come") {
    const Site site;
    const auto faults = std::make_shared<Faults>(Faults{.read_max = 1, .write_max = 3});
    run(both_ways(&site, 50'000, {.client_wrap = faulty(faults)}));
    const auto slow = std::make_shared<Faults>(Faults{.delay = std::chrono::milliseconds(100)});
    run(both_ways(&site, 200'000, {.server_wrap = faulty(slow)}), net::TimeSource::simulated);
}

TEST_CASE("An end with close_notify is an end; without it what came was cut off") {
    const Site site;
    CHECK(run(orderly_end(&site)) == "end");
    CHECK(run(end_of(&site, [](Peers& peers) { peers.client->close(); })) == "cut off");
}

TEST_CASE("A connection that breaks at any I/O step ends in Gone and leaves nothing behind") {
    const Site site;
    std::size_t step = 0;
    for (bool came_through = false; !came_through; ++step) {
        REQUIRE(step < 100);
        const auto faults = std::make_shared<Faults>(Faults{.fail_at = step});
        try {
            run(dialogue(&site, faults, &came_through));
        } catch (const Gone& gone) {
            CHECK((gone.why == Gone::Why::reset || gone.why == Gone::Why::closed));
        }
        CHECK(came_through == (faults->steps <= step));
    }
    CHECK(step > 5);
}

namespace {

Task<void> altered(const Site* site) {
    Peers peers = co_await meet(site->server, site->client(), {.server_name = "mail.example.org"});
    REQUIRE(peers.client);
    // A record that was not made under the session's keys.
    const std::string forged("\x17\x03\x03\x00\x20" + std::string(32, 'x'));
    BIO* const bio = SSL_get_wbio(ssl_of(peers.client));
    std::size_t n = 0;
    BIO_write_ex(bio, forged.data(), forged.size(), &n);
    co_await peers.client->write("x");
    Gone::Why why{};
    char buffer[10];
    try {
        co_await peers.server->read_some(buffer);
    } catch (const Gone& gone) {
        why = gone.why;
    }
    CHECK(why == Gone::Why::tls);
}

Task<std::size_t> idle_pairs(const Site* site, std::size_t count) {
    const auto client = site->client();
    std::deque<Peers> idle;
    // What is made once does not count.
    idle.push_back(co_await meet(site->server, client, {.server_name = "mail.example.org"}));
    const auto before = ::mallinfo2();
    for (std::size_t i = 0; i < count; ++i) {
        Peers peers = co_await meet(site->server, client, {.server_name = "mail.example.org"});
        REQUIRE(peers.client);
        co_await peers.client->write("a");
        co_await read_exactly(*peers.server, 1);
        co_await peers.server->write("b");
        co_await read_exactly(*peers.client, 1);
        idle.push_back(std::move(peers));
    }
    const auto after = ::mallinfo2();
    co_return (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / count;
}

}  // namespace

TEST_CASE("A forged record ends the connection") {
    const Site site;
    run(altered(&site));
}

TEST_CASE("An idle TLS connection stays well below 48 KiB") {
    const Site site;
    const std::size_t octets = run(idle_pairs(&site, 1000));
    MESSAGE("both ends of an idle TLS connection, with the in-memory pair below: ", octets,
            " octets");
    CHECK(octets / 2 <
          40'000);  // nothing is counted under a sanitizer, which has its own allocator
}
