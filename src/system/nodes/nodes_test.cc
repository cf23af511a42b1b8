#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <optional>
#include <thread>

#include <doctest/doctest.h>

#include "base/id.h"
#include "formats/record/format.h"
#include "formats/record/record.h"
#include "system/net/blocking.h"
#include "system/nodes/leadership.h"
#include "system/nodes/membership.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using namespace pidge::nodes;
using namespace std::chrono_literals;
using store::Change;
using store::Space;

namespace {

WallTime noon() {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21));
}

// One store, and a clock of its own for each node: that of the store decides.
struct Cluster {
    ManualClock clock{noon()};
    std::unique_ptr<store::Store> store = store::open_memory(clock);

    ~Cluster() { record::set_writable_format(1); }

    template <typename T>
    T run(net::Task<T> task) {
        return net::run_blocking(std::move(task));
    }
    Result<std::unique_ptr<Membership>> join(std::string name, std::string host = {},
                                             Life before = Life::gone) {
        if (host.empty()) host = "machine-" + name;
        return run(Membership::join(*store, clock,
                                    {.node = {.name = std::move(name),
                                              .version = "1.2",
                                              .host = std::move(host),
                                              .roles = {"mx", "relay"},
                                              .addresses = {"mx 192.0.2.1:25"},
                                              .process = "boot pid:[1] 4711 99"},
                                     .sharing = Sharing::shared,
                                     .life = [before](std::string_view) { return before; }}));
    }
    std::vector<Seen> all() { return run(read_nodes(*store)); }
    void put(Bytes key, Bytes value) {
        Change change;
        change.put(Space::node, std::move(key), std::move(value));
        REQUIRE(run(store->commit(std::move(change))));
    }
    // A row as another program would write it.
    void put_node(std::string name, std::uint32_t format_newest, State state = State::up) {
        put(node_key(name), record_of(Node{.name = name,
                                           .host = "other",
                                           .format_newest = format_newest,
                                           .state = state,
                                           .started = clock.now(),
                                           .seen = clock.now()}));
    }
    Level level() {
        const auto stored = run(store->get(Space::node, Bytes(level_key)));
        return read_level(stored.value()).value();
    }
    void set_level(std::uint32_t format) { put(Bytes(level_key), record_of(Level{format, 7})); }
    void tend(Membership& member) {
        run(member.tend_all([](Change&) {}));
    }
};

}  // namespace

TEST_CASE("The row of a node keeps everything, and skips what a later version adds") {
    const Node node{.name = "n1",
                    .version = "1.2",
                    .host = "mx1",
                    .format_newest = 3,
                    .roles = {"mx", "relay"},
                    .addresses = {"mx 192.0.2.1:25", "source 2001:db8::1"},
                    .state = State::drained,
                    .started = noon(),
                    .seen = noon() + 5s,
                    .boot = Bytes(16, 'b'),
                    .process = own_process()};
    Bytes record = record_of(node);
    CHECK(read_node(record) == node);
    record::Writer more(1);
    more.bytes(99, "later");
    CHECK(read_node(record + more.take().substr(1)) == node);
    CHECK_FALSE(read_node("\x01\xff"));
    CHECK_FALSE(read_node(""));
}

TEST_CASE("[O1] Nodes see each other, and one that falls silent is taken for down") {
    Cluster cluster;
    const auto n1 = cluster.join("n1").value();
    const auto n2 = cluster.join("n2").value();
    REQUIRE(cluster.all().size() == 2);
    CHECK(cluster.all()[0].state == State::up);
    cluster.clock.advance(limits::silent - 1s);
    cluster.run(n1->beat());
    cluster.clock.advance(2s);
    const auto seen = cluster.all();
    CHECK(seen[0].state == State::up);
    CHECK(seen[1].state == State::down);
    cluster.clock.advance(limits::cut_off - limits::silent);
    cluster.run(n1->beat());
    CHECK_FALSE(n1->is_cut_off());
    CHECK(n2->is_cut_off());
    cluster.run(n2->beat());
    CHECK(cluster.all()[1].state == State::up);
    CHECK_FALSE(n2->is_cut_off());
    cluster.run(n1->leave());
    CHECK(cluster.all()[0].state == State::down);
}

TEST_CASE("A node of a name that another machine has is refused, and may come when that is gone") {
    Cluster cluster;
    const auto first = cluster.join("n1", "here").value();
    const auto refused = cluster.join("n1", "there");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("The machine here runs as node n1") != std::string::npos);
    cluster.clock.advance(limits::silent + 1s);
    const auto second = cluster.join("n1", "there");
    REQUIRE(second);
    // The one that was frozen finds that it is not itself any more, and writes nothing.
    cluster.run(first->beat());
    CHECK(first->fate().find("on the machine there") != std::string::npos);
    cluster.run((*second)->beat());
    CHECK((*second)->fate().empty());
    CHECK(cluster.all()[0].node.host == "there");
}

TEST_CASE("A node that is started again on its machine takes its row over at once") {
    Cluster cluster;
    const auto killed = cluster.join("n1").value();
    const auto again = cluster.join("n1");
    REQUIRE(again);
    cluster.run((*again)->beat());
    CHECK((*again)->fate().empty());
}

TEST_CASE("[O1] A second run under one name on one machine is refused, and the first goes on") {
    Cluster cluster;
    const auto first = cluster.join("n1").value();
    const auto second = cluster.join("n1", {}, Life::running);
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find("process 4711) runs as node n1") != std::string::npos);
    cluster.run(first->beat());
    CHECK(first->fate().empty());
    cluster.run(first->leave());
    CHECK(cluster.join("n1", {}, Life::running));
}

TEST_CASE("[O1] Where nobody can tell whether the earlier run has ended, its row tells") {
    Cluster cluster;
    const auto first = cluster.join("n1").value();
    std::optional<Result<std::unique_ptr<Membership>>> second;
    std::atomic<bool> is_done = false;
    std::thread joining([&] {
        second = cluster.join("n1", {}, Life::unknown);
        is_done = true;
    });
    SUBCASE("it beats: the second is refused") {
        cluster.clock.advance(1s);
        while (!is_done) {
            cluster.run(first->beat());
            cluster.clock.advance(1ms);
            std::this_thread::sleep_for(5ms);
        }
        joining.join();
        CHECK_FALSE(*second);
        CHECK(first->fate().empty());
    }
    SUBCASE("it is silent: the second takes the name when the first would be down") {
        std::this_thread::sleep_for(20ms);
        cluster.clock.advance(limits::silent);
        joining.join();
        REQUIRE(*second);
        cluster.run(first->beat());
        CHECK_FALSE(first->fate().empty());
    }
}

TEST_CASE("A process is known again, and one that has ended is known to have") {
    CHECK(life_of(own_process()) == Life::running);
    CHECK(process_number(own_process()) == std::to_string(::getpid()));
    const std::string own = own_process();
    const std::string front = own.substr(0, own.find(' ', own.find(' ') + 1) + 1);
    // A number that is given to another process, one that nobody has, and one of a child that
    // nobody has waited for yet.
    CHECK(life_of(front + std::to_string(::getpid()) + " 1") == Life::gone);
    CHECK(life_of(front + "2147483647 1") == Life::gone);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string process = own_process();
        if (::write(ends[1], process.data(), process.size()) < 0) ::_exit(1);
        ::_exit(0);
    }
    std::array<char, 200> said{};
    const auto length = ::read(ends[0], said.data(), said.size());
    REQUIRE(length > 0);
    const std::string_view process(said.data(), static_cast<std::size_t>(length));
    while (life_of(process) == Life::running) std::this_thread::sleep_for(1ms);
    CHECK(life_of(process) == Life::gone);
    ::waitpid(child, nullptr, 0);
    CHECK(life_of(process) == Life::gone);
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(life_of("other-boot pid:[1] 1 1") == Life::unknown);
    CHECK(life_of("") == Life::unknown);
    CHECK(life_of("a b c d e") == Life::unknown);
    CHECK(life_of(front + "x 1") == Life::unknown);
}

TEST_CASE("[O7] What administrators wish reaches the node, and outlives its restart") {
    Cluster cluster;
    const auto node = cluster.join("n1").value();
    CHECK(node->wish() == Wish::serve);
    cluster.put(wish_key("n1"), wish_record(Wish::drain));
    cluster.run(node->beat());
    CHECK(node->wish() == Wish::drain);
    node->set_state(State::draining);
    cluster.run(node->beat());
    CHECK(cluster.all()[0].state == State::draining);
    CHECK(cluster.all()[0].wish == Wish::drain);
    cluster.run(node->leave());
    CHECK(cluster.join("n1").value()->wish() == Wish::drain);
}

TEST_CASE("[O7] A program that is too old for the store is refused in plain words") {
    Cluster cluster;
    cluster.set_level(record::newest_format + 1);
    const auto refused = cluster.join("n1");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("reads formats up to") != std::string::npos);
    cluster.put(Bytes(level_key), "\x07 of a far version");
    CHECK_FALSE(cluster.join("n1"));
}

TEST_CASE("[O7] A running program stops when the store comes to hold what it cannot read") {
    Cluster cluster;
    const auto node = cluster.join("n1").value();
    cluster.set_level(record::newest_format + 1);
    cluster.run(node->beat());
    CHECK(node->fate().find("reads formats up to") != std::string::npos);
}

TEST_CASE("[O7] The level rises no further than the oldest node that counts") {
    // Rises in a program that can write a further format only; what holds it back is the same.
    Cluster cluster;
    const auto node = cluster.join("n1").value();
    cluster.tend(*node);
    CHECK(cluster.level().format == record::newest_format);
    cluster.set_level(1);
    cluster.put_node("old", 1);
    cluster.tend(*node);
    CHECK(cluster.level().format == 1);
    SUBCASE("silent without a good-bye, it counts for a while") {
        cluster.clock.advance(limits::silent + 1s);
        cluster.tend(*node);
        CHECK(cluster.level().format == 1);
        cluster.clock.advance(limits::vanished_counts);
        cluster.tend(*node);
        CHECK(cluster.level().format == record::newest_format);
    }
    SUBCASE("having said good-bye, it counts no more") {
        cluster.put_node("old", 1, State::down);
        cluster.tend(*node);
        CHECK(cluster.level().format == record::newest_format);
    }
    cluster.run(node->beat());
    CHECK(record::writable_format() == record::newest_format);
}

TEST_CASE("A node cannot join unseen while the level rises") {
    Cluster cluster;
    const auto node = cluster.join("n1").value();
    const std::uint64_t before = cluster.level().joins;
    const auto other = cluster.join("n2").value();
    // Whoever read the level before has lost: the row is not the same any more.
    CHECK(cluster.level().joins == before + 1);
}

TEST_CASE("Rows of nodes that are long gone are forgotten") {
    Cluster cluster;
    const auto node = cluster.join("n1").value();
    cluster.put_node("gone", 1, State::down);
    cluster.clock.advance(limits::forgotten + 1h);
    cluster.run(node->beat());
    cluster.tend(*node);
    REQUIRE(cluster.all().size() == 1);
    CHECK(cluster.all()[0].node.name == "n1");
}

TEST_CASE("One leads at a time, and another when it has been silent") {
    Cluster cluster;
    Leadership first(*cluster.store, cluster.clock, "upkeep", Bytes(16, '1'), 30s);
    Leadership second(*cluster.store, cluster.clock, "upkeep", Bytes(16, '2'), 30s);
    CHECK(cluster.run(first.keep()));
    CHECK_FALSE(cluster.run(second.keep()));
    cluster.clock.advance(20s);
    CHECK(cluster.run(first.keep()));
    cluster.clock.advance(20s);
    CHECK_FALSE(cluster.run(second.keep()));
    CHECK(first.leads());
    cluster.clock.advance(11s);
    CHECK_FALSE(first.leads());
    CHECK(cluster.run(second.keep()));
    CHECK_FALSE(cluster.run(first.keep()));
    CHECK(second.leads());
}

TEST_CASE("What a former leader writes is not carried out") {
    Cluster cluster;
    Leadership first(*cluster.store, cluster.clock, "upkeep", Bytes(16, '1'), 30s);
    Leadership second(*cluster.store, cluster.clock, "upkeep", Bytes(16, '2'), 30s);
    const auto write = [&cluster](Leadership& as) {
        Change change;
        as.guard(change);
        change.put(Space::meta, "done", "by it");
        return cluster.run(cluster.store->commit(std::move(change))).has_value();
    };
    CHECK_FALSE(write(first));
    REQUIRE(cluster.run(first.keep()));
    CHECK(write(first));
    cluster.clock.advance(31s);
    REQUIRE(cluster.run(second.keep()));
    // Frozen in the middle of its work, it does not know yet.
    CHECK_FALSE(write(first));
    CHECK(write(second));
}

TEST_CASE("A lead that is handed back is free at once") {
    Cluster cluster;
    Leadership first(*cluster.store, cluster.clock, "upkeep", Bytes(16, '1'), 30s);
    Leadership second(*cluster.store, cluster.clock, "upkeep", Bytes(16, '2'), 30s);
    REQUIRE(cluster.run(first.keep()));
    cluster.run(first.hand_back());
    CHECK_FALSE(first.leads());
    CHECK(cluster.run(second.keep()));
    cluster.run(first.hand_back());
    CHECK(cluster.run(second.keep()));
}

TEST_CASE("A record of a newer format is told from a damaged one") {
    record::Writer newer(static_cast<std::uint8_t>(record::newest_format + 1));
    newer.number(1, 1);
    CHECK(record::is_newer(newer.take()));
    CHECK_FALSE(record::is_newer(record::Writer(1).take()));
    CHECK_FALSE(record::is_newer(""));
    CHECK_FALSE(record::is_newer("\xff\x01"));
}
