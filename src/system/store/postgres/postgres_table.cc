#include "system/store/postgres/postgres_table.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "system/store/postgres/closing.h"
#include "system/store/postgres/limits.h"
#include "system/store/postgres/schema.h"

namespace pidge::store::postgres {

namespace {

const Statement begin_snapshot{"begin-snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
// The first statement of a transaction takes its snapshot.
const Statement look{"look", "SELECT 1"};

// A connection with an open transaction. When the connection goes the view is gone for good.
class View final : public Snapshot {
 public:
    View(std::shared_ptr<Sessions> sessions, std::shared_ptr<std::atomic<std::size_t>> count)
        : sessions_(std::move(sessions)), count_(std::move(count)) {
        if (count_->fetch_add(1) >= postgres_limits::snapshots_max) {
            --*count_;
            throw Fault(Fault::Why::unavailable, "the store is too busy: too many snapshots");
        }
        try {
            const auto deadline = std::chrono::steady_clock::now() + sessions_->options().deadline;
            connection_ = sessions_->take();
            connection_->send(begin_snapshot);
            connection_->send(look);
            connection_->answers(deadline);
        } catch (const std::exception& error) {
            --*count_;
            throw Fault(Fault::Why::unavailable, error.what());
        }
    }
    ~View() override {
        --*count_;
        try {
            const auto deadline = std::chrono::steady_clock::now() + sessions_->options().deadline;
            if (!connection_) return;
            connection_->roll_back(deadline);
            sessions_->give_back(std::move(connection_));
        } catch (const std::exception&) {
            connection_.reset();  // with it the server drops the transaction
        }
    }
    View(const View&) = delete;

    void run(const Sessions::Job& job) const {
        const std::lock_guard lock(mutex_);
        try {
            job(*connection_, std::chrono::steady_clock::now() + sessions_->options().deadline);
        } catch (const Refused& refused) {
            throw_fault(refused);
        } catch (const Lost& lost) {
            throw Fault(Fault::Why::unavailable, lost.what());
        }
    }

 private:
    const std::shared_ptr<Sessions> sessions_;
    const std::shared_ptr<std::atomic<std::size_t>> count_;
    mutable std::mutex mutex_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace

void PostgresTable::read(const Snapshot* at, const Sessions::Job& job) {
    if (at)
        static_cast<const View*>(at)->run(job);
    else
        sessions_->run(job);
}

std::optional<std::optional<Bytes>> PostgresTable::get(Space space, std::string_view key,
                                                       const Snapshot* at, Effort effort) {
    if (effort == Effort::at_once) return std::nullopt;
    std::optional<Bytes> value;
    read(at, [&](Connection& connection, Deadline deadline) {
        const Rows rows = connection.ask(statements(space).get, Parameters().octets(key), deadline);
        value = rows.size() == 0 ? std::nullopt : std::optional(rows.text(0, 0));
    });
    return value;
}

std::vector<std::optional<Bytes>> PostgresTable::multi_get(
    std::span<const std::pair<Space, Bytes>> keys, const Snapshot* at) {
    std::map<Space, std::vector<std::string_view>> wanted;
    for (const auto& [space, key] : keys) wanted[space].push_back(key);
    std::map<std::pair<Space, Bytes>, Bytes> found;
    if (!keys.empty())
        read(at, [&](Connection& connection, Deadline deadline) {
            found.clear();
            for (const auto& [space, some] : wanted)
                connection.send(statements(space).multi_get, Parameters().octets_list(some));
            const auto answers = connection.answers(deadline);
            auto space = wanted.begin();
            for (const Rows& rows : answers) {
                for (std::size_t i = 0; i < rows.size(); ++i)
                    found.emplace(std::pair(space->first, rows.text(i, 0)), rows.text(i, 1));
                ++space;
            }
        });
    std::vector<std::optional<Bytes>> values;
    values.reserve(keys.size());
    for (const auto& key : keys) {
        const auto value = found.find(key);
        values.push_back(value == found.end() ? std::nullopt : std::optional(value->second));
    }
    return values;
}

std::optional<std::vector<Item>> PostgresTable::scan(Space space, const ScanOptions& options,
                                                     const Snapshot* at, Effort effort) {
    if (effort == Effort::at_once) return std::nullopt;
    const bool is_forward = options.order == ScanOptions::Order::forward;
    Bytes from = options.from, to = options.to;
    std::vector<Item> items;
    // Page by page from the last key on, so that no answer is larger than a deadline's worth.
    for (bool more = items.size() < options.limit; more;) {
        const std::size_t page = std::min(options.limit - items.size(), postgres_limits::page_rows);
        std::optional<Rows> rows;
        read(at, [&](Connection& connection, Deadline deadline) {
            Parameters parameters;
            parameters.octets(from);
            if (to.empty() && options.to.empty() && (is_forward || items.empty()))
                parameters.none();
            else
                parameters.octets(to);
            parameters.number(static_cast<std::int64_t>(page));
            rows =
                connection.ask(is_forward ? statements(space).scan_up : statements(space).scan_down,
                               parameters, deadline);
        });
        for (std::size_t i = 0; i < rows->size(); ++i)
            items.push_back({rows->text(i, 0), rows->text(i, 1)});
        more = rows->size() == page && items.size() < options.limit;
        if (!more) break;
        if (is_forward)
            from = items.back().key + '\0';
        else
            to = items.back().key;  // exclusive
    }
    return items;
}

std::shared_ptr<const Snapshot> PostgresTable::snapshot() {
    return std::make_shared<View>(sessions_, snapshots_);
}

void PostgresTable::write(std::span<const Write> writes, Durability) {
    struct Batch {
        std::vector<std::string_view> keys, values;
    };
    std::map<Space, Batch> batches;
    for (const Write& write : writes) {
        Batch& batch = batches[write.space()];
        batch.keys.push_back(write.key.substr(1));
        batch.values.push_back(write.value);
    }
    sessions_->run([&](Connection& connection, Deadline deadline) {
        // Without BEGIN a pipeline up to its sync is one transaction. Durable whatever is asked
        // for: a failover that took away a piece of a body would have the whole message put off.
        connection.begin_durable();
        for (const auto& [space, batch] : batches)
            connection.send(statements(space).put,
                            Parameters().octets_list(batch.keys).octets_list(batch.values));
        connection.durable_answers(deadline);
    });
}

WallTime PostgresTable::now(const Clock&) {
    static const Statement ask_time{"now", "SELECT " + std::string(database_now)};
    std::int64_t now_us = 0;
    sessions_->run([&](Connection& connection, Deadline deadline) {
        now_us = connection.ask(ask_time, {}, deadline).number(0, 0);
    });
    return WallTime(std::chrono::microseconds(now_us));
}

// What a disk can take is seen by writing to it. A temporary table takes its space from the same
// disk as the others and gives it back at once, whether or not there was enough; a row that is
// rolled back would keep it until the next vacuum. Values of this size are stored as they are, four
// to a page of 8192 octets.
bool PostgresTable::has_space() const {
    static const Statement begin_try{"try-begin", "BEGIN"};
    static const Statement same_disk{"try-disk", "SELECT set_config('temp_tablespaces', '', true)"};
    static const Statement make{"try-table",
                                "CREATE TEMPORARY TABLE pidge_try (v text) ON COMMIT DROP"};
    static const Statement fill{
        "try-fill", "INSERT INTO pidge_try SELECT repeat('x', 1900) FROM generate_series(1, " +
                        std::to_string(postgres_limits::full_try_bytes / 2048) + ")"};
    Connection connection(sessions_->options(), Durable::later);
    connection.send(begin_try);
    connection.send(same_disk);
    connection.send(make);
    connection.send(fill);
    const Deadline deadline = std::chrono::steady_clock::now() + 4 * sessions_->options().deadline;
    try {
        connection.answers(deadline);
        connection.roll_back(deadline);
        return true;
    } catch (const Refused& refused) {
        // Who may make no temporary table finds out by the next change.
        return !refused.is_disk_full();
    }
}

bool PostgresTable::recover(After after) {
    const auto now = std::chrono::steady_clock::now();
    try {
        if (after == After::unavailable) {
            const Connection connection(sessions_->options(), Durable::later);
            return true;
        }
        if (now < next_full_look_) return false;
        const bool is_good = has_space();
        full_pause_ = is_good ? std::chrono::seconds(0)
                              : std::clamp(2 * full_pause_, postgres_limits::full_look_first,
                                           postgres_limits::full_look_longest);
        next_full_look_ = now + full_pause_;
        return is_good;
    } catch (const Lost&) {
        return false;
    }
}

void PostgresTable::hurry() {
    sessions_->options().closing->begin(postgres_limits::closing_patience);
}

}  // namespace pidge::store::postgres
