#include "system/store/postgres/postgres_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "system/store/blob_record.h"
#include "system/store/kill_point.h"
#include "system/store/objects/reference.h"
#include "system/store/octets.h"
#include "system/store/postgres/limits.h"
#include "system/store/postgres/postgres_leases.h"
#include "system/store/postgres/schema.h"
#include "system/store/postgres/sessions.h"

namespace pidge::store::postgres {

namespace {

metrics::Counter races_total{"pidge_store_races_total",
                             "Groups run again because another node was first."};
metrics::Counter reconnects_total{"pidge_store_reconnects_total",
                                  "Connections to the database made for commits."};
metrics::Counter resolved_total{
    "pidge_store_resolved_commits_total",
    "Groups whose commit had lost its answer and turned out to have happened."};

constexpr log::Event connection_lost{
    "store-connection-lost", log::Level::warning,
    "The connection to the database broke while changes were written; they are tried again.",
    "Nothing if it comes once, as when the primary changes; else look at the database."};

const Statement begin{"begin", "BEGIN"};
const Statement commit_all{"commit", "COMMIT"};
const Statement make_mark{"make-mark",
                          "INSERT INTO pidge_committer (id, seq, resolved) VALUES ($1::bigint, 0, "
                          "0) ON CONFLICT (id) DO NOTHING"};
const Statement lock_mark{"lock-mark",
                          "SELECT seq FROM pidge_committer WHERE id = $1::bigint FOR UPDATE"};
const Statement set_mark{"set-mark",
                         "UPDATE pidge_committer SET seq = $2::bigint WHERE id = $1::bigint"};
const Statement touch_mark{
    "touch-mark", "UPDATE pidge_committer SET resolved = resolved + 1 WHERE id = $1::bigint"};
const Statement erase_mark{"erase-mark", "DELETE FROM pidge_committer WHERE id = $1::bigint"};
const Statement lock_due{
    "lock-due", fmt::format("SELECT k, v, fence, {}, {} FROM pidge_due WHERE k = ANY($3::bytea[]) "
                            "ORDER BY k FOR UPDATE",
                            lease_lasts, lease_is_held)};
const Statement end_leases{"end-leases",
                           "UPDATE pidge_due SET holder = 0, fence = 0, until = 0 WHERE k = "
                           "ANY($1::bytea[])"};
// Those that hold a reference in place of their octets.
const Statement erase_chunks{
    "erase-chunks",
    fmt::format("WITH gone AS (DELETE FROM pidge_chunk WHERE k = ANY($1::bytea[]) RETURNING k, "
                "octet_length(v) AS size) SELECT k FROM gone WHERE size = {}",
                reference_size)};
const Statement count_chunks{
    "count-chunks", "SELECT count(*) FROM pidge_chunk WHERE k >= $1::bytea AND k < $2::bytea"};

std::vector<std::string_view> views(const std::set<Bytes>& keys) {
    return {keys.begin(), keys.end()};
}

}  // namespace

// What is done to one space.
struct PostgresWriter::Batch {
    std::map<std::string_view, std::string_view> fresh, puts;
    std::set<std::string_view> erased, ended;

    static Parameters rows(const std::map<std::string_view, std::string_view>& items) {
        std::vector<std::string_view> keys, values;
        for (const auto& [key, value] : items) {
            keys.push_back(key);
            values.push_back(value);
        }
        Parameters parameters;
        parameters.octets_list(keys).octets_list(values);
        return parameters;
    }
    static Parameters list(const std::set<std::string_view>& keys) {
        return Parameters().octets_list(std::vector(keys.begin(), keys.end()));
    }
};

PostgresWriter::PostgresWriter(const PostgresOptions& options, const Clock& clock,
                               ChunksErased chunks_erased)
    : options_(options),
      clock_(clock),
      chunks_erased_(std::move(chunks_erased)),
      id_(static_cast<std::int64_t>(random_u64() >> 1 | 1)) {}

PostgresWriter::~PostgresWriter() {
    if (!connection_) return;
    try {
        connection_->ask(erase_mark, Parameters().number(id_), deadline());
    } catch (const std::exception&) {
        // One small row stays behind.
        connection_.reset();
    }
}

Deadline PostgresWriter::deadline() const {
    return std::chrono::steady_clock::now() + options_.deadline;
}

void PostgresWriter::step(std::string_view name) {
    if (options_.cut && options_.cut(name)) connection_->cut();
}

void PostgresWriter::connect() {
    if (connection_) return;
    connection_ = std::make_unique<Connection>(options_, Durable::yes);
    connection_->ask(make_mark, Parameters().number(id_), deadline());
    reconnects_total.add();
}

bool PostgresWriter::write(std::span<PendingChange> group) {
    const Gathering gathering = gather(group);
    const auto begun = std::chrono::steady_clock::now();
    auto pause = postgres_limits::reconnect_pause_first;
    ++group_;
    is_unknown_ = false;
    is_second_look_ = false;
    for (int races = 0;;) {
        try {
            if (has_happened()) {
                resolved_total.add();
                return true;
            }
            connect();
            return attempt(group, gathering);
        } catch (const Refused& refused) {
            is_unknown_ = false;
            try {
                connection_->roll_back(deadline());
            } catch (const Lost&) {
                connection_.reset();
            }
            if (!refused.is_race() || ++races > postgres_limits::group_attempts_max)
                throw_fault(refused);
            races_total.add();
            // An entry of a log may have been where none was: then its end is looked at again.
            if (refused.is_unique()) logs_.clear();
            std::this_thread::sleep_for(std::chrono::microseconds(random_u64() % 1000 * races));
        } catch (const Lost& lost) {
            connection_.reset();
            const bool is_closing = options_.closing && options_.closing->is_over();
            if (is_closing || std::chrono::steady_clock::now() - begun > options_.patience)
                throw Fault(Fault::Why::unavailable, lost.what());
            log::write(connection_lost, {{"reason", lost.what()}, {"commit-sent", is_unknown_}});
            std::this_thread::sleep_for(pause);
            pause = std::min(pause * 2, postgres_limits::reconnect_pause_longest);
        }
    }
}

bool PostgresWriter::attempt(std::span<PendingChange> group, const Gathering& gathering) {
    const auto fetch = [this](Space space, std::string_view key) -> std::optional<Bytes> {
        const std::array keys{key};
        const Rows rows =
            connection_->ask(statements(space).lock, Parameters().octets_list(keys), deadline());
        return rows.size() == 0 ? std::nullopt : std::optional(rows.text(0, 1));
    };
    GroupState state(fetch, [this](Space space, std::string_view from, std::string_view to) {
        return has_between(space, from, to);
    });
    read(gathering, state);
    Overlay overlay(state);
    Evaluation evaluation(overlay, state, logs_, clock_.now());
    evaluate(group, evaluation, overlay);
    // What was replayed must be as durable as what is written now: a commit whose wait for the
    // standby was cut short can be seen, and another one after it makes it good.
    const bool is_replay = std::ranges::any_of(group, [](const PendingChange& pending) {
        return pending.outcome && *pending.outcome && (*pending.outcome)->replayed;
    });
    if (overlay.is_clean() && !is_replay) {
        connection_->roll_back(deadline());
        return false;
    }
    step("writing");
    kill_point("store-before-write");
    send_writes(gathering, state, overlay, evaluation.finished());
    commit();
    kill_point("store-after-sync");
    return true;
}

bool PostgresWriter::has_between(Space space, std::string_view from, std::string_view to) {
    const Rows rows = connection_->ask(statements(space).scan_up,
                                       Parameters().octets(from).octets(to).number(1), deadline());
    if (rows.size() == 0) return false;
    // An end mark that was absent could not be locked: it may have come since, with these rows.
    if (!std::exchange(is_second_look_, true))
        throw Refused("40001", "rows that another node may have just written");
    return true;
}

void PostgresWriter::read(const Gathering& gathering, GroupState& state) {
    const std::vector<Space> order = lock_order(gathering);
    connection_->take_warning();
    connection_->send(begin);
    connection_->send(lock_mark, Parameters().number(id_));
    for (const auto& [upload, count] : gathering.uploads) {
        const Bytes first = upload_chunk_key(upload, 0);
        const Bytes prefix = first.substr(0, first.size() - 4);
        connection_->send(count_chunks, Parameters().octets(prefix).octets(after_prefix(prefix)));
    }
    for (const Space space : order) {
        const auto keys = views(gathering.spaces.at(space).read);
        if (space == Space::due)
            connection_->send(lock_due, lease_terms(options_, Silent::lose).octets_list(keys));
        else
            connection_->send(statements(space).lock, Parameters().octets_list(keys));
        state.expect(space, gathering.spaces.at(space));
    }
    step("reading");
    const std::vector<Rows> answers = connection_->answers(deadline());
    std::size_t at = 2 + gathering.uploads.size();
    for (const Space space : order)
        space == Space::due ? state.take_due(answers[at++]) : state.take(space, answers[at++]);
    // A failover may have taken chunks away that were not yet durable: then the upload is void.
    at = 2;
    for (const auto& [upload, count] : gathering.uploads)
        if (answers[at++].number(0, 0) != count) state.forget(Space::chunk, pending_key(upload));
    if (answers[1].size() == 0) throw Lost("the database has forgotten this committer");
}

void PostgresWriter::evaluate(std::span<PendingChange> group, Evaluation& evaluation,
                              Overlay& overlay) {
    for (PendingChange& pending : group) {
        pending.outcome.reset();
        pending.failure = nullptr;
        Change change = pending.change;  // it may have to be run again
        try {
            pending.outcome = evaluation.run(change);
        } catch (const Lost&) {
            throw;
        } catch (const Refused&) {
            throw;
        } catch (...) {
            overlay.undo();
            pending.failure = std::current_exception();
        }
    }
}

void PostgresWriter::send_writes(const Gathering& gathering, const GroupState& state,
                                 const Overlay& overlay, const std::vector<Bytes>& finished) {
    std::map<Space, Batch> batches;
    const std::vector<Write> writes = overlay.writes();
    for (const Write& write : writes) {
        const Space space = write.space();
        const std::string_view key = write.key.substr(1);
        const bool is_new = state.is_known_absent(space, key);
        switch (write.kind) {
            case Write::Kind::put:
                (is_new ? batches[space].fresh : batches[space].puts)[key] = write.value;
                break;
            case Write::Kind::erase:
                if (!is_new) batches[space].erased.insert(key);
                break;
            case Write::Kind::erase_range: {
                Parameters parameters;
                parameters.octets(key);
                const bool to_the_end = write.value.size() == 1;
                if (to_the_end)
                    parameters.none();
                else
                    parameters.octets(write.value.substr(1));
                connection_->send(statements(space).erase_range, parameters);
            }
        }
    }
    for (const auto& [space, keys] : gathering.spaces)
        for (const Bytes& key : keys.absent)
            if (state.is_known_absent(space, key) &&
                overlay.touched(space, key) != Overlay::Touched::written) {
                batches[space].fresh.emplace(key, std::string_view());
                batches[space].erased.insert(key);
            }
    for (const Bytes& key : finished)
        if (batches[Space::due].puts.contains(key)) batches[Space::due].ended.insert(key);
    for (const auto& [space, batch] : batches) {
        const SpaceStatements& some = statements(space);
        if (!batch.fresh.empty()) connection_->send(some.insert_new, Batch::rows(batch.fresh));
        if (!batch.puts.empty()) connection_->send(some.put, Batch::rows(batch.puts));
        if (!batch.ended.empty()) connection_->send(end_leases, Batch::list(batch.ended));
        const bool is_told = space == Space::chunk && chunks_erased_;
        if (!batch.erased.empty())
            connection_->send(is_told ? erase_chunks : some.erase, Batch::list(batch.erased));
    }
}

void PostgresWriter::commit() {
    connection_->send(set_mark, Parameters().number(id_).number(group_));
    connection_->send(commit_all);
    step("committing");
    is_unknown_ = true;
    const std::vector<Rows> answers = connection_->answers(deadline());
    check(answers.back().tag() == "COMMIT", "a transaction ends as it was told to");
    if (options_.cut && options_.cut("committed")) throw Lost("the connection was cut");
    // "canceling wait for synchronous replication": it is on this server, but perhaps not on the
    // standby that takes over next.
    if (const auto warning = connection_->take_warning()) throw Lost(*warning);
    is_unknown_ = false;
    if (chunks_erased_) tell_erased(answers);
}

// Of all that is sent with a commit only erase_chunks answers with rows. After a commit whose
// answer was lost nobody is told; objects that are left behind are swept.
void PostgresWriter::tell_erased(const std::vector<Rows>& answers) {
    std::vector<Bytes> keys;
    for (const Rows& rows : answers)
        for (std::size_t i = 0; i < rows.size(); ++i) keys.push_back(rows.text(i, 0));
    if (!keys.empty()) chunks_erased_(keys);
}

// Whether the group whose commit had lost its answer is there after all. That is unknown until the
// server has said it: a question that it refused was not answered.
bool PostgresWriter::has_happened() {
    if (!is_unknown_) return false;
    try {
        connect();
        const bool is_there = was_committed();
        is_unknown_ = false;
        return is_there;
    } catch (const Refused& refused) {
        throw Lost(refused.what());
    }
}

bool PostgresWriter::was_committed() {
    connection_->send(begin);
    connection_->send(lock_mark, Parameters().number(id_));
    const Rows mark = connection_->answers(deadline()).back();
    const bool is_there = mark.size() == 1 && mark.number(0, 0) == group_;
    // This commit comes after the doubtful one: once it is durable, so is that.
    connection_->take_warning();
    connection_->send(touch_mark, Parameters().number(id_));
    connection_->send(commit_all);
    connection_->answers(deadline());
    if (const auto warning = connection_->take_warning()) throw Lost(*warning);
    return is_there;
}

}  // namespace pidge::store::postgres
