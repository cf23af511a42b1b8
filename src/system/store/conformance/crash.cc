// A process that commits, acknowledges over a pipe and is killed at random, again and again:
// nothing acknowledged is missing, nothing is half done. PIDGE_CRASHES sets the number of kills.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "base/text.h"
#include "system/store/conformance/fixture.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::conformance;

namespace {

constexpr int sessions = 8;

// All of it can be told from its name, so that the judge knows what to expect.
Bytes body_of(const std::string& name) {
    const std::size_t seed = std::hash<std::string>{}(name);
    const std::size_t size = seed % 20 == 0 ? 300'000 + seed % 1000 : 1000 + seed % 8000;
    return random_bytes(size, seed);
}

net::Task<void> commit_for_ever(Store& store, std::string session, int acknowledgements) {
    for (int i = 0;; ++i) {
        const std::string name = session + "-" + std::to_string(i);
        const Bytes bytes = body_of(name);
        const auto writer = store.write_blob();
        co_await writer->write(bytes);
        Blob blob = co_await writer->finish();
        Change change;
        change.put_new(Space::message, name, Bytes(blob.id.bytes()));
        const Number entry = change.append("log", name);
        change.put_new(Space::queue, name, Bytes(8, '\0'), {{Hole::In::value, 0, entry}});
        change.add(Space::counter, "messages", 1);
        change.schedule(group_of(session), start_of_tests(), name);
        change.hold(std::move(blob));
        // Every third takes back what came before it, so that erasures are crashed into as well.
        if (i % 3 == 2) {
            const std::string before = session + "-" + std::to_string(i - 1);
            change.erase(Space::message, before);
            change.erase(Space::queue, before);
            change.unschedule(group_of(session), start_of_tests(), before);
            change.drop(*BlobId::from_bytes((co_await store.get(Space::message, before)).value()));
            change.add(Space::counter, "messages", -1);
        }
        const auto outcome = co_await store.commit(std::move(change));
        if (!outcome) ::_exit(3);
        const std::string line = name + "\n";
        if (::write(acknowledgements, line.data(), line.size()) < 0) ::_exit(4);
    }
}

std::vector<std::string> run_and_kill(const std::string& path, int run,
                                      std::chrono::milliseconds after) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // A new program, since this one's threads do not come along.
        ::dup2(ends[1], 3);
        ::setenv("PIDGE_CRASH_PATH", path.c_str(), 1);
        ::setenv("PIDGE_CRASH_RUN", std::to_string(run).c_str(), 1);
        ::execl("/proc/self/exe", "crash-child", "--test-case=The child of the crash test",
                "--no-skip", static_cast<char*>(nullptr));
        ::_exit(5);
    }
    ::close(ends[1]);
    Bytes said;
    std::thread killer;
    char buffer[65536];
    for (ssize_t size = 0; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        said.append(buffer, static_cast<std::size_t>(size));
        // The time runs from the first acknowledgement: a slow start is no reason to see none.
        if (!killer.joinable())
            killer = std::thread([child, after] {
                std::this_thread::sleep_for(after);
                ::kill(child, SIGKILL);
            });
    }
    ::close(ends[0]);
    int status = 0;
    if (killer.joinable()) killer.join();
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    std::vector<std::string> acknowledged;
    for (const std::string_view line : text::split(said, '\n'))
        if (!line.empty()) acknowledged.emplace_back(line);
    if (!said.empty() && said.back() != '\n') acknowledged.pop_back();
    return acknowledged;
}

// Whether a later message of the session, which takes this one back, may have been committed.
std::string taker_of(const std::string& name) {
    const auto dash = name.rfind('-');
    const auto number = text::parse_u64(std::string_view(name).substr(dash + 1)).value();
    return number % 3 == 1 ? name.substr(0, dash + 1) + std::to_string(number + 1) : "";
}

void judge(Fixture& fixture, const std::vector<std::string>& acknowledged) {
    std::map<std::string, Bytes> messages, queue;
    for (Item& item : fixture.scan(Space::message, {.limit = 100'000}))
        messages[item.key] = item.value;
    for (Item& item : fixture.scan(Space::queue, {.limit = 100'000})) queue[item.key] = item.value;
    std::size_t missing = 0, half = 0, wrong_body = 0;
    for (const std::string& name : acknowledged) {
        const std::string taker = taker_of(name);
        if (!messages.contains(name) && (taker.empty() || !messages.contains(taker))) ++missing;
    }
    for (const auto& [name, id] : messages) {
        const std::string taker = taker_of(name);
        if (!queue.contains(name) || (!taker.empty() && messages.contains(taker))) ++half;
        if (fixture.body(*BlobId::from_bytes(id)) != body_of(name)) ++wrong_body;
    }
    CHECK(missing == 0);
    CHECK(half == 0);
    CHECK(wrong_body == 0);
    CHECK(queue.size() == messages.size());
    CHECK(fixture.scan(Space::due, {.limit = 100'000}).size() == messages.size());
    CHECK(fixture.scan(Space::blob, {.limit = 100'000}).size() == messages.size());
    const auto count = fixture.get(Space::counter, "messages");
    CHECK(count.value_or(number_octets(0)) == number_octets(messages.size()));
    verify_log(*fixture.store, "log");
}

}  // namespace

TEST_CASE("The child of the crash test" * doctest::skip()) {
    const char* const path = std::getenv("PIDGE_CRASH_PATH");
    REQUIRE(path != nullptr);
    const auto store = open_at(path, system_clock());
    std::vector<net::Task<void>> tasks;
    for (int i = 0; i < sessions; ++i)
        tasks.push_back(commit_for_ever(
            *store, std::string(std::getenv("PIDGE_CRASH_RUN")) + "." + std::to_string(i), 3));
    net::run_blocking(std::move(tasks));
}

TEST_CASE_FIXTURE(Fixture,
                  "Kills at random lose nothing acknowledged and leave nothing half done") {
    if (site->path().empty()) {
        MESSAGE("not run: this engine keeps nothing outside its process");
        return;
    }
    const char* const wanted = std::getenv("PIDGE_CRASHES");
    const int crashes = wanted ? static_cast<int>(text::parse_u64(wanted).value()) : 30;
    std::mt19937 random(20261121);
    std::size_t acknowledged = 0;
    std::vector<std::string> all;
    for (int run = 0; run < crashes; ++run) {
        CAPTURE(run);
        store.reset();
        const auto after = std::chrono::milliseconds(random() % 60);
        const auto some = run_and_kill(site->path(), run, after);
        all.insert(all.end(), some.begin(), some.end());
        acknowledged += some.size();
        store = site->open(clock);
        judge(*this, all);
        // Begin anew from time to time, so that judging stays quick.
        if (run % 10 == 9) {
            store.reset();
            site = make_site();
            store = site->open(clock);
            all.clear();
        }
    }
    CHECK(acknowledged > 0);
    MESSAGE(crashes, " kills, ", acknowledged, " commits acknowledged");
}
