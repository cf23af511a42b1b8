// Measures commits of an engine: writers that each accept a message and then commit its outcome, as
// the mail service does. One line of figures per number of writers.
//   usage: store_load DIRECTORY|memory|postgres:CONNINFO [SECONDS=3] [WRITERS...]      default 1 10
//   50
// CPU is that of the committer's thread, per change; "all" is the whole process, load included.
#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <numeric>

#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"
#include "system/net/blocking.h"
#include "system/store/memory/memory_store.h"
#include "system/store/postgres/postgres_store.h"
#include "system/store/rocksdb/rocks_store.h"
#include "system/store/store.h"

using namespace pidge;
using namespace pidge::store;
using Steady = std::chrono::steady_clock;

namespace {

std::int64_t metric(std::string_view name) {
    for (const auto* one : metrics::all())
        if (one->name == name) return one->value();
    return 0;
}

// User and system time of the threads of that name so far, in seconds.
double thread_cpu(std::string_view name) {
    double sum = 0;
    DIR* const tasks = ::opendir("/proc/self/task");
    while (const dirent* const entry = ::readdir(tasks)) {
        const std::string at = fmt::format("/proc/self/task/{}/", entry->d_name);
        std::string comm, run;
        std::getline(std::ifstream(at + "comm"), comm);
        std::ifstream(at + "schedstat") >> run;  // nanoseconds on a processor
        if (comm == name) sum += double(text::parse_u64(run).value_or(0)) / 1e9;
    }
    ::closedir(tasks);
    return sum;
}

double process_cpu() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return double(time.tv_sec) + double(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Figures {
    std::vector<double> latencies_us;
    std::size_t accepts = 0, outcomes = 0;
};

struct Accepted {
    std::string name;
    BlobId body;
};

Bytes body_of(std::uint64_t number) {
    Bytes body(4096, 'm');
    for (std::size_t i = 0; i < 8; ++i) body[i * 300] = static_cast<char>(number >> i * 8);
    return body;
}

net::Task<Accepted> accept(Store& store, DueGroup group) {
    const std::uint64_t number = random_u64();
    Accepted accepted{.name = fmt::format("{:016x}", number)};
    const auto writer = store.write_blob();
    co_await writer->write(body_of(number));
    Blob blob = co_await writer->finish();
    accepted.body = blob.id;
    Change change;
    change.put(Space::message, accepted.name, Bytes(400, 'e'));
    change.put(Space::queue, accepted.name, Bytes(150, 'q'));
    change.schedule(group, WallTime(), accepted.name);
    change.hold(std::move(blob));
    change.append("audit.site/n1", Bytes(500, 'a'));
    const auto outcome = co_await store.commit(std::move(change));
    if (!outcome) std::abort();
    co_return accepted;
}

net::Task<void> settle(Store& store, DueGroup group, const Accepted& accepted) {
    const auto leases = co_await store.lease(group, WallTime(), 1, std::chrono::seconds(60));
    Change change;
    change.finish(leases.at(0));
    change.erase(Space::queue, accepted.name);
    change.erase(Space::message, accepted.name);
    change.drop(accepted.body);
    change.append("audit.site/n1", Bytes(500, 'a'));
    const auto outcome = co_await store.commit(std::move(change));
    if (!outcome) std::abort();
}

enum class What : std::uint8_t { accepts, both };

net::Task<void> write_until(Store& store, int name, What what, Steady::time_point end,
                            Figures& figures) {
    DueGroup group;
    group.octets[0] = static_cast<std::uint8_t>(name);
    while (Steady::now() < end) {
        const auto begun = Steady::now();
        const Accepted accepted = co_await accept(store, group);
        const std::chrono::duration<double, std::micro> took = Steady::now() - begun;
        figures.latencies_us.push_back(took.count());
        ++figures.accepts;
        if (what == What::accepts) continue;
        co_await settle(store, group, accepted);
        ++figures.outcomes;
    }
}

void measure(Store& store, int writers, What what, double seconds) {
    Figures figures;
    const auto begun = Steady::now();
    const auto end = begun + std::chrono::microseconds(static_cast<long>(seconds * 1e6));
    const double thread_before = thread_cpu("store-commit"), process_before = process_cpu();
    const auto syncs_before = metric("pidge_store_syncs_total"),
               groups_before = metric("pidge_store_groups_total");
    std::vector<net::Task<void>> tasks;
    for (int i = 0; i < writers; ++i) tasks.push_back(write_until(store, i, what, end, figures));
    net::run_blocking(std::move(tasks));
    const double took = std::chrono::duration<double>(Steady::now() - begun).count();
    const double thread = thread_cpu("store-commit") - thread_before,
                 process = process_cpu() - process_before;
    const double commits = double(figures.accepts + figures.outcomes);
    std::ranges::sort(figures.latencies_us);
    const auto quantile = [&](double part) {
        return figures.latencies_us[std::size_t(double(figures.latencies_us.size() - 1) * part)];
    };
    fmt::print(
        "writers={} what={} commits_per_s={:.0f} groups_per_s={:.0f} syncs_per_commit={:.3f} "
        "committer_cpu_us={:.1f} all_cpu_us={:.1f} accept_p50_us={:.0f} accept_p99_us={:.0f}\n",
        writers, what == What::accepts ? "accept" : "accept+outcome", commits / took,
        double(metric("pidge_store_groups_total") - groups_before) / took,
        double(metric("pidge_store_syncs_total") - syncs_before) / commits, thread / commits * 1e6,
        process / commits * 1e6, quantile(0.5), quantile(0.99));
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        fmt::print(stderr,
                   "usage: store_load DIRECTORY|memory|postgres:CONNINFO [SECONDS] [WRITERS...]\n");
        return 64;
    }
    const std::string place = arguments[1];
    const double seconds = count > 2 ? double(text::parse_u64(arguments[2]).value_or(3)) : 3;
    std::vector<int> writers;
    for (int i = 3; i < count; ++i)
        writers.push_back(static_cast<int>(text::parse_u64(arguments[i]).value_or(1)));
    if (writers.empty()) writers = {1, 10, 50};
    std::unique_ptr<Store> store;
    if (place == "memory") {
        store = open_memory(system_clock());
    } else {
        constexpr std::string_view mark = "postgres:";
        const bool is_postgres = place.starts_with(mark);
        const PostgresOptions database{.conninfo =
                                           is_postgres ? place.substr(mark.size()) : std::string()};
        if (is_postgres)
            if (const auto made = init_postgres(database); !made)
                fmt::print(stderr, "{}\n", made.error().text);
        auto opened = is_postgres ? open_postgres(database) : open_rocksdb({.path = place});
        if (!opened) {
            fmt::print(stderr, "{}\n", opened.error().text);
            return 1;
        }
        store = *std::move(opened);
    }
    for (const What what : {What::accepts, What::both})
        for (const int some : writers) measure(*store, some, what, seconds);
}
