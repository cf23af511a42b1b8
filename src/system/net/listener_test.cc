#include "system/net/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "system/net/gone.h"
#include "system/net/process_signals.h"
#include "system/net/runtime.h"
#include "system/net/socket_address.h"
#include "system/net/socket_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

using namespace pidge;
using namespace pidge::net;
using namespace std::chrono_literals;

namespace {

using StreamPtr = std::unique_ptr<Stream>;

// Greets and stays until the peer leaves.
Task<void> greet(StreamPtr stream) {
    co_await stream->write("hello");
    char buffer[100];
    while (co_await stream->read_some(buffer) > 0) {
    }
}

Task<std::string> greeting(Endpoint at) {
    const StreamPtr stream = co_await connect_tcp(at, {}, 10s);
    stream->set_deadline(10s);
    std::string out;
    char buffer[100];
    while (out.size() < 5) {
        const std::size_t n = co_await stream->read_some(buffer);
        if (n == 0) break;
        out.append(buffer, n);
    }
    co_return out;
}

// Connects and waits for the greeting, keeping the stream.
Task<void> stay(Endpoint at, std::vector<StreamPtr>* streams, std::vector<std::string>* greetings) {
    streams->push_back(co_await connect_tcp(at, {}, 10s));
    Stream& stream = *streams->back();
    stream.set_deadline(10s);
    char buffer[100];
    const std::size_t n = co_await stream.read_some(buffer);
    greetings->emplace_back(buffer, n);
}

ListenSocket loopback() {
    auto socket = ListenSocket::tcp({Address::v4({127, 0, 0, 1}), 0});
    REQUIRE(socket);
    return *std::move(socket);
}

Task<std::vector<std::string>> limited() {
    const auto admission = Admission::create({.per_host = 2});
    std::vector<StreamPtr> streams;
    std::vector<std::string> greetings;
    {
        Listener listener(loopback(), {&this_loop()},
                          {.name = "test", .admission = admission, .busy_reply = "421 busy\r\n"},
                          greet);
        for (int i = 0; i < 3; ++i) co_await stay(listener.endpoint(), &streams, &greetings);
        CHECK(admission->open() == 2);
        CHECK(admission->refused() == 1);
        streams.clear();
        while (admission->open() > 0) co_await sleep_for(1ms);
        co_await stay(listener.endpoint(), &streams, &greetings);
    }
    co_return greetings;
}

struct Folder {
    Folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "pidge-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

Task<std::string> greeting_unix(std::string path, bool* has_process) {
    const auto socket = ListenSocket::unix_path(path, 0600);
    CHECK_FALSE(socket);  // somebody answers there
    const StreamPtr stream = co_await connect_unix(path, 10s);
    const auto peer = dynamic_cast<SocketStream&>(*stream).peer_process();
    *has_process = peer && peer->uid == ::getuid();
    char buffer[5];
    const std::size_t n = co_await stream->read_some(buffer);
    co_return std::string(buffer, n);
}

}  // namespace

TEST_CASE("Connections are handed to all loops in turn") {
    Runtime runtime(3);
    std::mutex mutex;
    std::map<Loop*, int> served;
    {
        Listener listener(loopback(), runtime.loops(), {.name = "test"}, [&](StreamPtr stream) {
            const std::lock_guard lock(mutex);
            ++served[&this_loop()];
            return greet(std::move(stream));
        });
        for (int i = 0; i < 9; ++i) CHECK(run(greeting(listener.endpoint())) == "hello");
    }
    CHECK(runtime.stop(10s) == 0);
    REQUIRE(served.size() == 3);
    for (const auto& [loop, count] : served) CHECK(count == 3);
}

TEST_CASE(
    "[F14] One more connection than a host may have is told so and closed; places come back") {
    const auto greetings = run(limited());
    CHECK(greetings == std::vector<std::string>{"hello", "hello", "421 busy\r\n", "hello"});
}

TEST_CASE(
    "[F14] Limits are per /32 and /24, per /64 and /48, and in total; the exempt count towards the "
    "total only") {
    const auto address = [](const std::string& text) { return *Address::parse(text); };
    std::vector<Admission::Slot> slots;
    const auto admission = Admission::create(
        {.total = 30, .per_host = 3, .per_network = 7, .exempt = {*Network::parse("10.0.0.0/8")}});
    const auto admit = [&](const std::string& text, int times) {
        int admitted = 0;
        for (int i = 0; i < times; ++i)
            if (auto slot = admission->admit(address(text))) {
                slots.push_back(*std::move(slot));
                ++admitted;
            }
        return admitted;
    };
    CHECK(admit("192.0.2.1", 5) == 3);
    CHECK(admit("::ffff:192.0.2.1", 1) == 0);
    CHECK(admit("192.0.2.2", 5) == 3);
    CHECK(admit("192.0.2.3", 5) == 1);
    CHECK(admit("192.0.3.3", 5) == 3);
    CHECK(admit("2001:db8:0:1::1", 2) == 2);
    CHECK(admit("2001:db8:0:1:ffff::1", 5) == 1);
    CHECK(admit("2001:db8:0:2::1", 5) == 3);
    CHECK(admit("2001:db8:0:3::1", 5) == 1);
    CHECK(admit("2001:db8:1::1", 5) == 3);
    CHECK_FALSE(admission->is_crowded());
    CHECK(admit("10.1.1.1", 100) == 10);
    CHECK(admission->is_crowded());
    CHECK(admission->open() == 30);
    CHECK_FALSE(admission->admit({}));
    slots.clear();
    CHECK(admission->open() == 0);
    CHECK(admit("192.0.2.1", 5) == 3);
}

TEST_CASE("A UNIX socket has its mode, replaces a dead one, and never a live one or a file") {
    const Folder folder;
    const std::string path = folder.path + "/socket";
    for (int i = 0; i < 2; ++i) {
        Runtime runtime(1);
        auto socket = ListenSocket::unix_path(path, 0620);
        REQUIRE(socket);
        struct stat status;
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0620);
        const Listener listener(*std::move(socket), runtime.loops(), {.name = "test"}, greet);
        bool has_process = false;
        CHECK(run(greeting_unix(path, &has_process)) == "hello");
        CHECK(has_process);
    }
    const std::string file = folder.path + "/file";
    ::close(::open(file.c_str(), O_CREAT | O_WRONLY, 0600));
    for (const auto& [at, what] : {std::pair(file, "file"), {folder.path, "folder"}}) {
        const auto socket = ListenSocket::unix_path(at, 0600);
        REQUIRE_FALSE(socket);
        CHECK(socket.error().text.find(what + std::string(" of that name")) != std::string::npos);
        CHECK_FALSE(check_socket_path(at));
        CHECK(std::filesystem::exists(at));
    }
    CHECK_FALSE(ListenSocket::unix_path(folder.path + "/" + std::string(120, 'x'), 0600));
}

TEST_CASE("A port in use is refused with its reason") {
    const ListenSocket first = loopback();
    const auto second = ListenSocket::tcp(first.endpoint());
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find("Address already in use") != std::string::npos);
}

TEST_CASE("Sockets of systemd are taken by this process only, with their names") {
    const std::string me = std::to_string(::getpid());
    CHECK(inherited_sockets("", "", "").empty());
    CHECK(inherited_sockets("1", "2", "a:b").empty());
    CHECK(inherited_sockets(me, "x", "").empty());
    CHECK(inherited_sockets(me, "100000", "").empty());
    // The descriptors begin at 3, whatever is there now is put back in the end.
    const int saved = ::fcntl(3, F_DUPFD_CLOEXEC, 10);
    ListenSocket listening = loopback();
    const Endpoint at = listening.endpoint();
    REQUIRE(::dup2(listening.fd(), 3) == 3);
    {
        auto sockets = inherited_sockets(me, "1", "smtp");
        REQUIRE(sockets.size() == 1);
        CHECK(sockets[0].name == "smtp");
        CHECK((::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
        auto socket = ListenSocket::inherited(std::move(sockets[0].fd), sockets[0].name);
        REQUIRE(socket);
        CHECK(socket->is_tcp());
        CHECK(socket->endpoint() == at);
    }
    CHECK_FALSE(ListenSocket::inherited(OwnedFd(::open("/dev/null", O_RDONLY)), "null"));
    CHECK_FALSE(ListenSocket::inherited(OwnedFd(::socket(AF_INET, SOCK_STREAM, 0)), "deaf"));
    if (saved >= 0) ::dup2(saved, 3), ::close(saved);
}

namespace {

Task<void> burst(Endpoint at, int connections, std::vector<std::string>* greetings) {
    std::vector<StreamPtr> streams;
    for (int i = 0; i < connections; ++i) streams.push_back(co_await connect_tcp(at, {}, 10s));
    for (const StreamPtr& stream : streams) {
        stream->set_deadline(20s);
        char buffer[100];
        const std::size_t n = co_await stream->read_some(buffer);
        greetings->emplace_back(buffer, n);
    }
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace

TEST_CASE("[C13] Without descriptors accepting pauses, does not spin, loses nothing and goes on") {
    Runtime runtime(1);
    Listener listener(loopback(), runtime.loops(), {.name = "test"}, greet);
    CHECK(run(greeting(listener.endpoint())) == "hello");
    // The clients get their descriptors; then the limit is below what is open, so that none can be
    // had.
    std::vector<OwnedFd> clients;
    for (int i = 0; i < 10; ++i) {
        clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(clients.back().get() >= 0);
    }
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{3, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const SocketAddress to = socket_address(listener.endpoint());
    int connected = 0;
    for (const OwnedFd& client : clients)
        connected += ::connect(client.get(), to.get(), to.length) == 0;
    const double cpu = cpu_seconds();
    std::this_thread::sleep_for(500ms);
    const double used = cpu_seconds() - cpu;
    const std::size_t open = listener.admission().open();
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(connected == 10);
    CHECK(open == 0);
    CHECK(used < 0.25);
    for (const OwnedFd& client : clients) {
        char buffer[5];
        CHECK(::recv(client.get(), buffer, sizeof buffer, MSG_WAITALL) == 5);
    }
    std::vector<std::string> greetings;
    run(burst(listener.endpoint(), 5, &greetings));
    CHECK(greetings == std::vector<std::string>(5, "hello"));
}

TEST_CASE("[C13] Connections leave some descriptors for everybody else") {
    Runtime runtime(1);
    Listener listener(loopback(), runtime.loops(), {.name = "test", .busy_reply = "busy!"}, greet);
    CHECK(run(greeting(listener.endpoint())) == "hello");
    OwnedFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    // The next one is the first of those that are kept: of four times as many a quarter.
    const auto next = static_cast<rlim_t>(client.get()) + 1;
    const rlimit few{next * 4 / 3, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    const SocketAddress to = socket_address(listener.endpoint());
    const int connected = ::connect(client.get(), to.get(), to.length);
    char buffer[5] = {};
    const auto received = ::recv(client.get(), buffer, sizeof buffer, MSG_WAITALL);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(connected == 0);
    CHECK(std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(received, 0))) == "busy!");
    CHECK(run(greeting(listener.endpoint())) == "hello");
}

namespace {

Task<std::vector<int>> signals() {
    std::vector<int> out;
    ProcessSignals watch({SIGHUP, SIGUSR1});
    ::raise(SIGHUP);
    out.push_back(co_await watch.next());
    ::raise(SIGUSR1);
    out.push_back(co_await watch.next());
    try {
        co_await with_deadline(watch.next(), 5ms);
    } catch (const Gone&) {
        out.push_back(0);
    }
    co_return out;
}

}  // namespace

TEST_CASE("Signals wake the coroutine that waits for them") {
    CHECK(run(signals()) == std::vector<int>{SIGHUP, SIGUSR1, 0});
}
