#include "system/net/stream.h"

#include <doctest/doctest.h>

#include <deque>

#include "system/net/gone.h"
#include "system/net/listener.h"
#include "system/net/loop.h"
#include "system/net/memory_stream.h"
#include "system/net/socket_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

using namespace pidge;
using namespace pidge::net;
using namespace std::chrono_literals;

namespace {

using StreamPtr = std::unique_ptr<Stream>;

std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
    return out;
}

Task<std::string> read_all(Stream& stream) {
    std::string out;
    char buffer[5000];
    for (;;) {
        const std::size_t n = co_await stream.read_some(buffer);
        if (n == 0) co_return out;
        out.append(buffer, n);
    }
}

Task<void> echo(StreamPtr stream) {
    char buffer[3000];
    for (;;) {
        const std::size_t n = co_await stream->read_some(buffer);
        if (n == 0) break;
        co_await stream->write({buffer, n});
    }
    co_await stream->shutdown();
}

Task<void> write_and_end(Stream& stream, std::string bytes) {
    co_await stream.write(bytes);
    co_await stream.shutdown();
}

// Sends through an echo and reads at the same time, so that neither direction may block the other.
Task<std::string> through_echo(Stream& stream, std::string bytes, bool& wrote) {
    struct Sender {
        static Task<void> go(Stream* to, std::string what, bool* done) {
            co_await write_and_end(*to, std::move(what));
            *done = true;
        }
    };
    spawn("sender", Sender::go(&stream, std::move(bytes), &wrote));
    co_return co_await read_all(stream);
}

Gone::Why why_of(auto&& call) {
    try {
        call();
    } catch (const Gone& gone) {
        return gone.why;
    }
    FAIL("not Gone");
    return {};
}

Task<void> read_one(StreamPtr stream, std::chrono::milliseconds deadline) {
    char buffer[10];
    stream->set_deadline(deadline);
    co_await stream->read_some(buffer);
}

struct TcpPair {
    std::optional<Listener> listener;
    StreamPtr accepted;
};

Task<void> keep(StreamPtr stream, TcpPair* pair) {
    pair->accepted = std::move(stream);
    co_return;
}

Task<StreamPtr> connect_to(TcpPair& pair, ListenSocket socket) {
    const Endpoint at = socket.endpoint();
    const std::string path = socket.text();
    const bool is_tcp = socket.is_tcp();
    pair.listener.emplace(std::move(socket), std::vector{&this_loop()},
                          Listener::Options{.name = "test"},
                          [&pair](StreamPtr stream) { return keep(std::move(stream), &pair); });
    StreamPtr out = is_tcp ? co_await connect_tcp(at, {}, 5s) : co_await connect_unix(path, 5s);
    while (pair.accepted == nullptr) co_await sleep_for(1ms);
    co_return out;
}

Task<std::string> tcp_round_trip(std::string bytes, Address address) {
    TcpPair pair;
    auto socket = ListenSocket::tcp({address, 0});
    REQUIRE(socket);
    StreamPtr client = co_await connect_to(pair, *std::move(socket));
    CHECK(client->remote() == pair.accepted->local());
    CHECK(client->local() == pair.accepted->remote());
    spawn("echo", echo(std::move(pair.accepted)));
    bool wrote = false;
    std::string out = co_await through_echo(*client, std::move(bytes), wrote);
    CHECK(wrote);
    co_return out;
}

Task<std::string> memory_round_trip(std::string bytes, std::size_t capacity) {
    auto [client, server] = memory_pair({.capacity = capacity});
    spawn("echo", echo(std::move(server)));
    bool wrote = false;
    std::string out = co_await through_echo(*client, std::move(bytes), wrote);
    CHECK(wrote);
    co_return out;
}

}  // namespace

TEST_CASE("Octets go through an in-memory pair unchanged, whatever its capacity") {
    for (const std::size_t capacity : {1, 2, 7, 4096, 100'000})
        CHECK(run(memory_round_trip(pattern(20'000), capacity)) == pattern(20'000));
}

TEST_CASE(
    "Octets go through TCP unchanged, more than the kernel's buffers hold, both ways at once") {
    const std::string bytes = pattern(20'000'000);
    CHECK(run(tcp_round_trip(bytes, *Address::parse("127.0.0.1"))) == bytes);
}

TEST_CASE("TCP works over IPv6") {
    auto probe = ListenSocket::tcp({*Address::parse("::1"), 0});
    if (!probe) {
        MESSAGE("no IPv6 loopback here: ", probe.error().text);
        return;
    }
    CHECK(run(tcp_round_trip("hello", *Address::parse("::1"))) == "hello");
}

TEST_CASE("A stream's deadline ends a read that waits, in the time of the loop") {
    auto [client, server] = memory_pair();
    CHECK(why_of([&] { run(read_one(std::move(client), 3h), TimeSource::simulated); }) ==
          Gone::Why::deadline);
}

namespace {
Task<void> deadline_on_tcp() {
    TcpPair pair;
    auto socket = ListenSocket::tcp({Address::v4({127, 0, 0, 1}), 0});
    REQUIRE(socket);
    StreamPtr client = co_await connect_to(pair, *std::move(socket));
    char buffer[10];
    client->set_deadline(600ms);
    Gone::Why why{};
    for (int i = 0; i < 2; ++i) {
        why = Gone::Why::full;
        try {
            co_await client->read_some(buffer);
        } catch (const Gone& gone) {
            why = gone.why;
        }
        CHECK(why == Gone::Why::deadline);  // also without waiting: until a new deadline is set
    }
    client->set_deadline(10s);
    co_await pair.accepted->write("again");
    CHECK(co_await client->read_some(buffer) == 5);
    client->close();
    why = Gone::Why::full;
    try {
        co_await client->write("x");
    } catch (const Gone& gone) {
        why = gone.why;
    }
    CHECK(why == Gone::Why::reset);
}
}  // namespace

TEST_CASE("A TCP stream lives on after a new deadline, and says reset once it is closed") {
    run(deadline_on_tcp());
}

TEST_CASE("Only an address of this machine is a source") {
    CHECK(check_source(*Address::parse("127.0.0.1")));
    const auto checked =
        check_source(*Address::parse("192.0.2.1"));  // for documents; nobody has it
    REQUIRE_FALSE(checked);
    CHECK(checked.error().text == "cannot send from 192.0.2.1: Cannot assign requested address");
}

TEST_CASE("Connecting where nobody listens is a reset with the reason") {
    auto socket = ListenSocket::tcp({Address::v4({127, 0, 0, 1}), 0});
    REQUIRE(socket);
    const Endpoint at = socket->endpoint();
    socket->take();
    CHECK(why_of([&] { run(connect_tcp(at, {}, 5s)); }) == Gone::Why::reset);
    CHECK(why_of([&] { run(connect_unix("/nonexistent/socket", 5s)); }) == Gone::Why::reset);
    CHECK(why_of([&] { run(connect_unix(std::string(200, 'x'), 5s)); }) == Gone::Why::reset);
}
