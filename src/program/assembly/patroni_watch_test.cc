#include "program/assembly/patroni_watch.h"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>

#include "base/log.h"
#include "system/http/server.h"
#include "system/net/listener.h"
#include "system/net/runtime.h"

using namespace pidge;
using namespace pidge::program;

namespace {

using Verdict = patroni::Seen::Verdict;

// A Patroni that can be updated, and stopped.
struct Keeper {
    std::atomic<int> patch = 6;  // of version 4.0; below 0: answers nonsense
    net::Runtime runtime{1};
    net::Listener listener{*net::ListenSocket::tcp(*net::Endpoint::parse("127.0.0.1:0")),
                           runtime.loops(),
                           {.name = "patroni"},
                           [this](std::unique_ptr<net::Stream> stream) {
                               return http::serve(std::move(stream), [this](http::ServerRequest) {
                                   return answer(patch);
                               });
                           }};

    static net::Task<http::ServerResponse> answer(int patch) {
        if (patch < 0) co_return http::text_response(500, "nonsense");
        co_return http::json_response(
            200, R"({"patroni": {"version": "4.0.)" + std::to_string(patch) + R"("}})");
    }
    std::string place() const { return "http://" + listener.endpoint().text() + "/patroni"; }
};

struct Lines {
    std::mutex mutex;
    std::string all;

    Lines() {
        log::configure({.sink = [this](std::string_view line) {
            const std::lock_guard lock(mutex);
            all += std::string(line) + "\n";
        }});
    }
    ~Lines() { log::configure({}); }
    std::size_t count(std::string_view event) {
        const std::lock_guard lock(mutex);
        std::size_t found = 0;
        for (auto at = all.find(event); at != std::string::npos; at = all.find(event, at + 1))
            ++found;
        return found;
    }
};

// A hang ends with the time limit of the test program.
void wait_until(const auto& holds) {
    while (!holds()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace

TEST_CASE("an old Patroni is told once, and so is its update") {
    Lines lines;
    Keeper keeper;
    const PatroniWatch watch({keeper.place()}, std::chrono::milliseconds(5));
    wait_until([&] { return watch.seen()[0].verdict == Verdict::loses_mail; });
    CHECK(watch.seen()[0].version == "4.0.6");
    // What is not heard for a while stays as it was.
    keeper.patch = -1;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(watch.seen()[0].verdict == Verdict::loses_mail);
    CHECK(lines.count("patroni-unknown") == 0);
    keeper.patch = 7;
    wait_until([&] { return watch.seen()[0].verdict == Verdict::safe; });
    CHECK(lines.count("patroni-loses-mail") == 1);
    CHECK(lines.count("patroni-seen") == 1);
}

TEST_CASE("a Patroni that was never heard of is told once") {
    Lines lines;
    Keeper keeper;
    keeper.patch = -1;
    const PatroniWatch watch({keeper.place(), "http://127.0.0.1:1/patroni"},
                             std::chrono::milliseconds(5));
    wait_until([&] { return !watch.seen()[1].reason.empty(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(lines.count("patroni-unknown") == 2);
    keeper.patch = 7;
    wait_until([&] { return watch.seen()[0].verdict == Verdict::safe; });
    CHECK(watch.seen()[1].verdict == Verdict::unknown);
}

TEST_CASE("without a place to look there is nothing to see") {
    CHECK(PatroniWatch({}).seen().empty());
    config::Config config;
    CHECK(patroni_places(config).empty());
    config.store.engine = config::Store::Engine::postgres;
    config.store.conninfo = "host=db1,db2";
    CHECK(patroni_places(config).size() == 2);
    config.store.patroni = "off";
    CHECK(patroni_places(config).empty());
}
