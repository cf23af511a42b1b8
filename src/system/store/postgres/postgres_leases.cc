#include "system/store/postgres/postgres_leases.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "system/store/due_key.h"
#include "system/store/limits.h"
#include "system/store/octets.h"
#include "system/store/postgres/limits.h"
#include "system/store/postgres/schema.h"

namespace pidge::store::postgres {

namespace {

constexpr log::Event beat_failed{
    "store-sign-of-life-failed", log::Level::warning,
    "This node could not tell the database that it is alive; others may take its deliveries over.",
    "Look at the database and the network between, if this goes on."};

const std::string lease_now = fmt::format("coalesce($1::bigint, {})", database_now);

const Statement take{
    "lease",
    fmt::format(
        "UPDATE pidge_due SET holder = $3::bigint, until = {0} + $4::bigint, fence = "
        "(given.fence) FROM (SELECT free.k, row_number() OVER (ORDER BY free.k) AS number FROM "
        "(SELECT k FROM pidge_due WHERE k >= $5::bytea AND k < $6::bytea AND NOT {1} ORDER BY k "
        "LIMIT $7::bigint FOR UPDATE SKIP LOCKED) AS free) AS taken, "
        "unnest($8::bigint[]) WITH ORDINALITY AS given(fence, number) "
        "WHERE pidge_due.k = taken.k AND given.number = taken.number "
        "RETURNING pidge_due.k, pidge_due.fence",
        lease_now, lease_is_held)};

const Statement return_leases{
    "release",
    "UPDATE pidge_due SET holder = 0, fence = 0, until = 0 FROM unnest($1::bytea[], $2::bigint[]) "
    "AS given(k, fence) WHERE pidge_due.k = given.k AND pidge_due.fence = given.fence"};

const Statement take_doubtful_back{
    "take-back",
    "UPDATE pidge_due SET holder = 0, fence = 0, until = 0 WHERE k >= $1::bytea AND k < $2::bytea "
    "AND holder = $3::bigint AND fence = ANY($4::bigint[])"};

// A change that a commit has to wait for: once it is durable, so is whatever waited before it.
const Statement touch_mark{
    "touch-lease-mark",
    "INSERT INTO pidge_committer (id, seq, resolved) VALUES ($1::bigint, 0, 0) ON CONFLICT (id) DO "
    "UPDATE SET resolved = pidge_committer.resolved + 1"};
const Statement erase_mark{"erase-lease-mark", "DELETE FROM pidge_committer WHERE id = $1::bigint"};

const Statement give_all_back{
    "release-all",
    "UPDATE pidge_due SET holder = 0, fence = 0, until = 0 WHERE holder = $1::bigint"};

// From group to group by one step in the index each. No key of a group is greater than its name
// followed by a row of 0xff.
const Statement groups{
    "due-groups",
    fmt::format(
        "WITH RECURSIVE first(k) AS ("
        "(SELECT k FROM pidge_due WHERE k >= $3::bytea AND NOT {0} ORDER BY k LIMIT 1) "
        "UNION ALL "
        "SELECT (SELECT later.k FROM pidge_due AS later WHERE later.k > substring(first.k FROM 1 "
        "FOR 8) || '\\xffffffffffffffffffffffffffffffffffff'::bytea AND NOT {1} ORDER BY "
        "later.k LIMIT 1) FROM first WHERE first.k IS NOT NULL) "
        "SELECT k FROM first WHERE k IS NOT NULL LIMIT $4::bigint",
        lease_is_held, lease_is_held)};

const Statement alive{
    "alive",
    fmt::format("INSERT INTO pidge_holder (id, node, alive_until) VALUES ($1::bigint, "
                "convert_from($2::bytea, 'UTF8'), {0} + $3::bigint) ON CONFLICT (id) DO UPDATE SET "
                "alive_until = excluded.alive_until",
                database_now)};
const Statement leave{"leave", "DELETE FROM pidge_holder WHERE id = $1::bigint"};
// Those who went without leaving.
const Statement bury{
    "bury", fmt::format("DELETE FROM pidge_holder WHERE alive_until < {} - 86400000000::bigint",
                        database_now)};

std::int64_t random_positive() {
    return static_cast<std::int64_t>(random_u64() >> 1 | 1);
}

SteadyTime steady_now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

Parameters lease_terms(const PostgresOptions& options, Silent silent) {
    Parameters parameters;
    if (options.lease_clock_us)
        parameters.number(options.lease_clock_us());
    else
        parameters.none();
    return parameters.flag(silent == Silent::lose);
}

PostgresLeases::PostgresLeases(std::shared_ptr<Sessions> sessions)
    : sessions_(std::move(sessions)), id_(random_positive()) {
    beat();
    thread_ = std::thread([this] { run_beats(); });
}

PostgresLeases::~PostgresLeases() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    try {
        const auto leaving = [this](Connection& connection, Deadline deadline) {
            connection.send(give_all_back, Parameters().number(id_));
            connection.send(leave, Parameters().number(id_));
            connection.send(erase_mark, Parameters().number(id_));
            connection.answers(deadline);
        };
        sessions_->run(leaving, postgres_limits::closing_patience);
    } catch (const Fault& fault) {
        log::write(beat_failed, {{"reason", fault.what()}});
    }
}

void PostgresLeases::beat() {
    using std::chrono::microseconds;
    SteadyTime begun;
    const auto tell = [&](Connection& connection, Deadline deadline) {
        begun = steady_now();
        connection.send(alive, Parameters()
                                   .number(id_)
                                   .octets(sessions_->options().node)
                                   .number(microseconds(postgres_limits::holder_life).count()));
        connection.send(bury);
        connection.answers(deadline);
    };
    sessions_->run(tell, postgres_limits::beat_patience);
    signs_.heard(begun, steady_now());
}

bool PostgresLeases::is_kept(std::chrono::nanoseconds age) const {
    const SteadyTime now = steady_now();
    return signs_.keeps(now - age, now);
}

Silent PostgresLeases::silent() const {
    return signs_.may_take_over(steady_now(), sessions_->options().takeover_after) ? Silent::lose
                                                                                   : Silent::keep;
}

void PostgresLeases::doubt(const Bytes& group, const Bytes& to,
                           const std::vector<std::int64_t>& fences) {
    if (fences.empty()) return;
    const std::lock_guard lock(mutex_);
    Doubtful& doubtful = doubtful_[group];
    doubtful.to = std::max(doubtful.to, to);
    doubtful.fences.insert(doubtful.fences.end(), fences.begin(), fences.end());
    doubtful.beats = postgres_limits::doubtful_beats;
}

void PostgresLeases::take_back(Connection& connection, const Bytes& group, const Bytes& to,
                               const std::vector<std::int64_t>& fences) const {
    connection.send(take_doubtful_back,
                    Parameters().octets(group).octets(to).number(id_).numbers_list(fences));
}

void PostgresLeases::take_back_doubtful() {
    ByGroup doubtful;
    {
        const std::lock_guard lock(mutex_);
        doubtful = doubtful_;
    }
    if (doubtful.empty()) return;
    const auto run = [&](Connection& connection, Deadline deadline) {
        connection.begin_durable();
        connection.send(touch_mark, Parameters().number(id_));
        for (const auto& [group, each] : doubtful)
            take_back(connection, group, each.to, each.fences);
        connection.durable_answers(deadline);
    };
    // Once: the next sign of life must not wait for a standby.
    sessions_->run(run, std::chrono::milliseconds(0));
    const std::lock_guard lock(mutex_);
    for (const auto& [group, done] : doubtful) {
        const auto now = doubtful_.find(group);
        const bool is_same = now->second.fences.size() == done.fences.size();
        if (is_same && --now->second.beats == 0) doubtful_.erase(now);
    }
}

void PostgresLeases::run_beats() {
    ::pthread_setname_np(::pthread_self(), "store-alive");
    for (auto pause = postgres_limits::holder_beat;;) {
        {
            std::unique_lock lock(mutex_);
            if (wake_.wait_for(lock, pause, [this] { return is_stopping_; })) return;
        }
        pause = postgres_limits::holder_beat;
        try {
            beat();
            take_back_doubtful();
            give_back_unreleased();
        } catch (const Fault& fault) {
            pause = postgres_limits::beat_pause;
            log::write(beat_failed, {{"reason", fault.what()}});
        }
    }
}

std::vector<Lease> PostgresLeases::lease(const DueGroup& group, WallTime now, std::size_t limit,
                                         std::chrono::seconds duration) {
    limit = std::min(limit, limits::leases_max);
    std::vector<Lease> leases;
    if (limit == 0) return leases;
    const Bytes from(bytes_of(group)), to = due_key(group, now + std::chrono::microseconds(1), {});
    std::vector<std::int64_t> fences;  // of the last attempt
    // Nobody else may take it for dead while it delivers.
    if (!is_kept({})) beat();
    const auto run = [&](Connection& connection, Deadline deadline) {
        if (!fences.empty()) {
            doubt(from, to, fences);
            take_back(connection, from, to, fences);
        }
        fences.resize(limit);
        std::ranges::generate(fences, random_positive);
        Parameters parameters = lease_terms(sessions_->options(), silent());
        parameters.number(id_)
            .number(std::chrono::microseconds(duration).count())
            .octets(from)
            .octets(to)
            .number(static_cast<std::int64_t>(limit))
            .numbers_list(fences);
        connection.begin_durable();
        connection.send(take, parameters);
        const Rows rows = connection.durable_answers(deadline).back();
        leases.clear();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto read = read_due_key(rows.octets(i, 0));
            if (!read) continue;
            leases.push_back({group, read->due, Bytes(read->item),
                              static_cast<std::uint64_t>(rows.number(i, 1))});
        }
    };
    try {
        sessions_->run(run);
    } catch (const Fault&) {
        doubt(from, to, fences);
        throw;
    }
    std::ranges::sort(leases, [](const Lease& a, const Lease& b) {
        return std::tie(a.due, a.item) < std::tie(b.due, b.item);
    });
    return leases;
}

void PostgresLeases::release(const std::vector<Lease>& leases) {
    give_back(leases, postgres_limits::read_patience);
}

void PostgresLeases::give_back_unreleased() {
    std::vector<Lease> leases;
    {
        const std::lock_guard lock(mutex_);
        leases = std::exchange(unreleased_, {});
    }
    if (!leases.empty()) give_back(leases, postgres_limits::beat_patience);
}

void PostgresLeases::give_back(const std::vector<Lease>& leases, std::chrono::seconds patience) {
    std::vector<Bytes> keys;
    std::vector<std::string_view> views;
    std::vector<std::int64_t> fences;
    for (const Lease& lease : leases) {
        keys.push_back(due_key(lease.group, lease.due, lease.item));
        fences.push_back(static_cast<std::int64_t>(lease.fence));
    }
    views.assign(keys.begin(), keys.end());
    const auto run = [&](Connection& connection, Deadline deadline) {
        connection.begin_durable();
        connection.send(return_leases, Parameters().octets_list(views).numbers_list(fences));
        connection.durable_answers(deadline);
    };
    try {
        sessions_->run(run, patience);
    } catch (const Fault&) {
        const std::lock_guard lock(mutex_);
        unreleased_.insert(unreleased_.end(), leases.begin(), leases.end());
    }
}

std::vector<DueSummary> PostgresLeases::due_groups(const std::optional<DueGroup>& after,
                                                   std::size_t limit) {
    std::vector<DueSummary> summaries;
    const Bytes from = after ? after_prefix(bytes_of(*after)) : Bytes();
    if (limit == 0 || (after && from.empty())) return summaries;
    sessions_->run([&](Connection& connection, Deadline deadline) {
        Parameters parameters = lease_terms(sessions_->options(), silent());
        parameters.octets(from).number(static_cast<std::int64_t>(limit));
        const Rows rows = connection.ask(groups, parameters, deadline);
        summaries.clear();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto read = read_due_key(rows.octets(i, 0));
            if (!read) throw Fault(Fault::Why::damaged, "a due record has no time");
            summaries.push_back({read->group, read->due});
        }
    });
    return summaries;
}

}  // namespace pidge::store::postgres
