#include "simulation/queue/sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "mail/queue/entry_record.h"
#include "mail/queue/outcome.h"
#include "mail/queue/plan.h"
#include "simulation/chance.h"
#include "simulation/inline_hands.h"
#include "system/net/spawn.h"
#include "system/store/blob_record.h"
#include "system/store/due_key.h"
#include "system/store/memory/memory_disk.h"
#include "system/store/table_store.h"

namespace pidge::simulation {

using namespace std::chrono_literals;
using queue::Entry;
using queue::EntryId;
using queue::RecipientResult;
using std::chrono::microseconds;
using Kind = RecipientResult::Kind;

namespace {

constexpr int steps_most = 60;
constexpr std::chrono::seconds lease_duration{90 * 60};
constexpr const char* destinations[] = {"mx:a.example", "mx:b.example", "lmtp:store.example:24"};

// What the model knows of an entry.
struct Known {
    Entry entry;
    std::uint64_t fence = 0;  // of the lease that is held; 0: nobody holds it
    SteadyTime until;
};

// The rules of backoff.h and outcome.h once more.
struct Rules {
    queue::RetryPolicy policy;

    microseconds waited(const Entry& entry, WallTime now) const {
        const WallTime since = entry.last_attempt ? *entry.last_attempt : entry.arrived;
        const microseconds planned = entry.due > since ? entry.due - since : 0us;
        const microseconds most = std::max(2 * planned, planned + 10min);
        const microseconds passed = now > since ? now - since : 0us;
        return entry.waited + std::min(passed, most);
    }
    microseconds interval(std::uint32_t attempts) const {
        double wait = static_cast<double>(policy.first.count());
        for (std::uint32_t i = 1; i < attempts && i < 60; ++i) wait *= 2;
        return microseconds(
            static_cast<std::int64_t>(std::min(wait, static_cast<double>(policy.longest.count()))));
    }
    bool gives_up(const Entry& entry, WallTime now) const {
        return entry.attempts + 1 >= policy.attempts_min && waited(entry, now) >= policy.life;
    }
};

class Sequence {
 public:
    explicit Sequence(std::uint64_t seed) : chance_(seed) { open(); }

    SequenceOutcome run() {
        is_patient_ = chance_.one_in(20);
        const std::uint64_t steps = is_patient_ ? 400 : chance_.between(5, steps_most);
        net::run(walk(steps), net::TimeSource::simulated);
        return std::move(outcome_);
    }

 private:
    void diverge(std::string what) {
        outcome_.divergences.push_back(fmt::format("step {}: {}", outcome_.steps, what));
    }

    void open() {
        store_.reset();
        hands_ = InlineHands();
        store_ = std::make_unique<store::TableStore>(store::embedded_engine(disk_, clock_, &hands_),
                                                     clock_);
    }

    net::Task<void> walk(std::uint64_t steps) {
        for (; outcome_.steps < steps && outcome_.divergences.empty(); ++outcome_.steps) {
            co_await step();
            if (outcome_.steps % 4 == 3) compare();
        }
        compare();
    }

    net::Task<void> step() {
        // Tried again and again until it is given up.
        if (is_patient_ && outcome_.steps > 0) {
            if (leases_.empty()) return outcome_.steps % 2 == 0 ? pass_time() : lease();
            return settle();
        }
        if (is_patient_) return enqueue();
        switch (chance_.below(12)) {
            case 0:
            case 1:
                return enqueue();
            case 2:
            case 3:
            case 4:
                return lease();
            case 5:
            case 6:
            case 7:
                return settle();
            case 8:
                return give_back();
            case 9:
                return change_by_hand();
            case 10:
                return remove_by_hand();
            default:
                return pass_time();
        }
    }

    // --- what can be done ---

    net::Task<void> enqueue() {
        const auto writer = store_->write_blob();
        const std::string text = fmt::format("body {}", chance_.below(5));
        co_await writer->write(text);
        const store::Blob blob = co_await writer->finish();
        std::vector<Entry> entries;
        const queue::QueueId id = queue::QueueId::make(clock_.unix_ms());
        const std::uint64_t count = chance_.between(1, 3);
        for (std::uint16_t i = 0; i < count; ++i) {
            Entry entry{.id = {id, i},
                        .destination = *queue::Destination::parse(destinations[i]),
                        .body = blob.id,
                        .body_bytes = blob.size_bytes,
                        .arrived = clock_.now(),
                        .principal = "p",
                        .due = clock_.now()};
            if (!chance_.one_in(5)) entry.sender = address::Mailbox{"alice", "site.example"};
            for (std::uint64_t r = chance_.between(1, 3); r > 0; --r)
                entry.recipients.push_back(
                    {.address = {.local_part = fmt::format("u{}", r), .domain = "a.example"},
                     .notify_given = chance_.one_in(2),
                     .notify_success = chance_.one_in(2),
                     .notify_failure = chance_.one_in(2),
                     .notify_delay = chance_.one_in(2)});
            if (chance_.one_in(10)) entry.due += 24h;
            if (chance_.one_in(10)) entry.held = true;
            entries.push_back(std::move(entry));
        }
        store::Change change;
        queue::plan_enqueue(change, entries, blob);
        if (!co_await commit(std::move(change), true, "enqueue")) co_return;
        for (Entry& entry : entries) known_[entry.id] = {std::move(entry), 0, {}};
    }

    net::Task<void> lease() {
        const auto group =
            queue::Destination::parse(destinations[chance_.below(std::size(destinations))])
                ->group();
        const std::size_t limit = chance_.between(1, 5);
        const auto leases = co_await store_->lease(group, clock_.now(), limit, lease_duration);
        expire();
        std::vector<Known*> due;
        for (auto& [id, known] : known_)
            if (!known.entry.held && known.fence == 0 && known.entry.due <= clock_.now() &&
                known.entry.destination.group() == group)
                due.push_back(&known);
        std::ranges::sort(due, {}, [](const Known* known) {
            return std::pair(known->entry.due, known->entry.id.key());
        });
        if (due.size() > limit) due.resize(limit);
        if (leases.size() != due.size()) {
            diverge(fmt::format("{} are leased where {} should be", leases.size(), due.size()));
            co_return;
        }
        for (std::size_t i = 0; i < leases.size(); ++i) {
            if (leases[i].item != due[i]->entry.id.key() || leases[i].due != due[i]->entry.due)
                diverge("another one is leased");
            due[i]->fence = leases[i].fence;
            due[i]->until = clock_.steady() + lease_duration;
            leases_.push_back(leases[i]);
            as_leased_[leases[i].fence] = due[i]->entry;
        }
    }

    // One of the leases that were given, whether it is still held or not.
    std::optional<store::Lease> some_lease() {
        if (leases_.empty()) return std::nullopt;
        return leases_[chance_.below(leases_.size())];
    }
    Known* holder(const store::Lease& lease) {
        expire();
        const auto found = known_.find(*EntryId::from_key(lease.item));
        const bool is_held = found != known_.end() && found->second.fence == lease.fence;
        return is_held ? &found->second : nullptr;
    }

    net::Task<void> settle() {
        const auto lease = some_lease();
        if (!lease) co_return;
        if (is_patient_) leases_.clear();
        const Entry entry = as_leased_.at(lease->fence);
        queue::Attempt attempt{.began = clock_.now(), .ended = clock_.now() + 1s};
        attempt.is_final = entry.destination.kind == queue::Destination::Kind::lmtp;
        attempt.passed_reports_on = chance_.one_in(3);
        for (std::size_t i = 0; i < entry.recipients.size(); ++i)
            attempt.results.push_back({.kind = is_patient_ || chance_.one_in(2)
                                                   ? Kind::temporary
                                                   : Kind(chance_.below(3))});
        const auto outcome = queue::outcome_of(entry, attempt, rules_.policy, chance_.next());
        check_outcome(entry, attempt, outcome);
        store::Change change;
        if (outcome.remaining)
            queue::plan_defer(change, *outcome.remaining, *lease);
        else
            queue::plan_end(change, entry, *lease);
        Known* const known = holder(*lease);
        if (!co_await commit(std::move(change), known != nullptr, "settle")) co_return;
        if (outcome.remaining)
            *known = {*outcome.remaining, 0, {}};
        else
            known_.erase(entry.id);
    }

    net::Task<void> give_back() {
        const auto lease = some_lease();
        if (!lease) co_return;
        co_await store_->release({*lease});
        if (Known* const known = holder(*lease)) known->fence = 0;
    }

    Known* some_known() {
        if (known_.empty()) return nullptr;
        auto place = known_.begin();
        std::advance(place, chance_.below(known_.size()));
        return &place->second;
    }

    // Hold, release, try now, try later.
    net::Task<void> change_by_hand() {
        Known* const known = some_known();
        if (known == nullptr) co_return;
        Entry after = known->entry;
        if (chance_.one_in(2)) after.held = !after.held;
        if (chance_.one_in(2)) after.due = clock_.now() + chance_.between(0us, 48h);
        const bool is_stale = chance_.one_in(6);
        Entry read = known->entry;
        if (is_stale) ++read.attempts;
        store::Change change;
        queue::plan_reschedule(change, known->entry, after, queue::record_of(read));
        expire();
        const bool may = !is_stale && known->fence == 0;
        if (co_await commit(std::move(change), may, "change by hand")) known->entry = after;
    }

    net::Task<void> remove_by_hand() {
        Known* const known = some_known();
        if (known == nullptr || !chance_.one_in(2)) co_return;
        store::Change change;
        queue::plan_remove(change, known->entry, queue::record_of(known->entry));
        expire();
        const bool may = known->fence == 0;
        if (co_await commit(std::move(change), may, "remove")) known_.erase(known->entry.id);
    }

    net::Task<void> pass_time() {
        if (is_patient_) {
            clock_.advance(4h);
            co_return;
        }
        switch (chance_.below(4)) {
            case 0:  // the process ends and begins anew: leases are void
                ++outcome_.crashes;
                open();
                for (auto& [id, known] : known_) known.fence = 0;
                leases_.clear();
                as_leased_.clear();
                break;
            case 1:
                clock_.advance(chance_.between(1us, 10s));
                break;
            case 2:
                clock_.advance(chance_.between(1us, 6h));
                break;
            default:
                clock_.advance(chance_.between(1us, 72h));
                break;
        }
        co_return;
    }

    // --- what must hold ---

    void expire() {
        for (auto& [id, known] : known_)
            if (known.fence != 0 && known.until <= clock_.steady()) known.fence = 0;
    }

    // Whether it was done, after a comparison with what the model says.
    net::Task<bool> commit(store::Change change, bool may, const char* what) {
        const auto committed = co_await store_->commit(std::move(change));
        ++(committed ? outcome_.changes : outcome_.refused);
        if (committed.has_value() != may)
            diverge(fmt::format("{} is {}", what, may ? "refused" : "done all the same"));
        co_return committed.has_value() && may;
    }

    void check_outcome(const Entry& entry, const queue::Attempt& attempt,
                       const queue::Outcome& outcome) {
        const bool gives_up = rules_.gives_up(entry, attempt.began);
        std::size_t open = 0, settled = 0, failures = 0, successes = 0;
        for (std::size_t i = 0; i < entry.recipients.size(); ++i) {
            const queue::Recipient& to = entry.recipients[i];
            const Kind kind = attempt.results[i].kind;
            const bool stays = kind == Kind::temporary && !gives_up;
            open += stays;
            settled += !stays;
            if (stays || !entry.sender) continue;
            if (kind != Kind::accepted)
                failures += !to.notify_given || to.notify_failure;
            else
                successes += to.notify_success && (attempt.is_final || !attempt.passed_reports_on);
        }
        outcome_.expired += gives_up;
        std::size_t told_failures = 0, told_successes = 0;
        for (const queue::Report& report : outcome.reports) {
            if (report.kind == queue::Report::Kind::failure)
                told_failures += report.recipients.size();
            if (report.kind == queue::Report::Kind::success)
                told_successes += report.recipients.size();
        }
        if (outcome.settled.size() != settled || told_failures != failures ||
            told_successes != successes)
            diverge("an attempt settles or reports otherwise");
        if ((outcome.remaining ? outcome.remaining->recipients.size() : 0) != open)
            return diverge("an attempt leaves other recipients open");
        if (!outcome.remaining) return;
        const Entry& next = *outcome.remaining;
        const microseconds wait = next.due - attempt.ended;
        const microseconds interval = rules_.interval(next.attempts);
        if (next.attempts != entry.attempts + 1 ||
            next.waited != rules_.waited(entry, attempt.began) || wait > interval ||
            wait < interval * 4 / 5)
            diverge(fmt::format("attempt {} is followed after {} us, having waited {} us",
                                next.attempts, wait.count(), next.waited.count()));
    }

    std::vector<store::Item> scan(store::Space space) {
        return *disk_->scan(space, {.limit = SIZE_MAX}, nullptr, store::Effort::may_wait);
    }

    void compare() {
        std::map<Bytes, Bytes> entries, due;
        std::map<Bytes, std::uint64_t> holders;
        for (const auto& [id, known] : known_) {
            const Entry& entry = known.entry;
            entries[id.key()] = queue::record_of(entry);
            if (!entry.held)
                due[store::due_key(entry.destination.group(), entry.due, id.key())] = "";
            ++holders[Bytes(entry.body.bytes())];
        }
        std::map<Bytes, Bytes> stored;
        for (store::Item& item : scan(store::Space::queue)) stored[item.key] = item.value;
        if (stored != entries) diverge("the entries are others");
        stored.clear();
        for (store::Item& item : scan(store::Space::due)) stored[item.key] = item.value;
        if (stored != due) diverge("the due records are others");
        std::map<Bytes, std::uint64_t> held;
        for (const store::Item& item : scan(store::Space::blob))
            held[item.key] = store::read_blob_record(item.value)->holders;
        if (held != holders) diverge("bodies are held otherwise");
    }

    Chance chance_;
    ManualClock clock_{WallTime(1'795'000'000s)};
    const Rules rules_;
    const std::shared_ptr<store::MemoryDisk> disk_ = std::make_shared<store::MemoryDisk>();
    InlineHands hands_;
    std::unique_ptr<store::TableStore> store_;
    std::map<EntryId, Known> known_;
    std::vector<store::Lease> leases_;
    std::map<std::uint64_t, Entry> as_leased_;  // by fence
    SequenceOutcome outcome_;
    bool is_patient_ = false;
};

}  // namespace

SequenceOutcome run_sequence(std::uint64_t seed) {
    seed_random(seed);
    return Sequence(seed).run();
}

}  // namespace pidge::simulation
