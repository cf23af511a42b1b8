#include "mail/audit/trail.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/id.h"
#include "base/metrics.h"
#include "mail/audit/match.h"
#include "system/store/log_entry.h"

namespace pidge::audit {

namespace {

metrics::Counter noted{"pidge_audit_entries_total",
                       "Entries handed to the audit log, by how they got there.", "way", "noted"};
metrics::Counter appended{"pidge_audit_entries_total",
                          "Entries handed to the audit log, by how they got there.", "way",
                          "committed"};

constexpr std::size_t page = 1000;

Numbered numbered(const store::Item& item) {
    Numbered result;
    result.number = store::log_number(item.key).value_or(0);
    const auto value = store::read_log_value(item.value);
    const auto entry = value ? decode(value->entry) : std::nullopt;
    result.is_damaged = !entry;
    if (value) result.chain = value->chain;
    if (entry) result.entry = *entry;
    return result;
}

}  // namespace

Trail::Trail(store::Store& store, const Clock& clock, std::string log)
    : store_(store),
      clock_(clock),
      log_(std::move(log)),
      boot_(Id<struct BootTag>::make(clock.unix_ms()).bytes()),
      started_(clock.steady()) {}

Entry Trail::entry(Type type, std::string source, cbor::Map fields) const {
    return {
        .type = type,
        .wall = clock_.now(),
        .mono_ns = std::chrono::nanoseconds(clock_.steady() - started_).count(),
        .source = std::move(source),
        .boot = boot_,
        .fields = std::move(fields),
    };
}

void Trail::append(store::Change& change, const Entry& entry) const {
    appended.add();
    change.append(log_, encode(entry));
}

void Trail::note(Entry entry) {
    if (const auto written = fold_.add(std::move(entry))) write_soon(*written);
}

void Trail::flush_folded() {
    for (const Entry& entry : fold_.take()) write_soon(entry);
}

void Trail::write_soon(const Entry& entry) {
    noted.add();
    store::Change change;
    change.append(log_, encode(entry));
    change.set_urgency(store::Urgency::soon);
    store_.commit_soon(std::move(change));
}

// The number of the first entry at or after a time. Times rise with numbers but for small disorder
// within a commit and steps of the clock; the search starts a page earlier than bisection says, and
// matches() decides about each entry.
net::Task<std::uint64_t> Trail::first_at(WallTime from, std::uint64_t last) {
    std::uint64_t low = 1, high = last + 1;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        const auto value = co_await store_.get(store::Space::audit, store::log_key(log_, middle));
        const auto log_value = value ? store::read_log_value(*value) : std::nullopt;
        const auto entry = log_value ? decode(log_value->entry) : std::nullopt;
        if (entry && entry->wall < from)
            low = middle + 1;
        else
            high = middle;
    }
    co_return low > page ? low - page : 1;
}

net::Task<std::vector<Numbered>> Trail::search(Query query) {
    std::vector<Numbered> found;
    const auto end_record = co_await store_.get(store::Space::counter, store::log_end_key(log_));
    const auto end = end_record ? store::read_log_end(*end_record) : std::nullopt;
    if (!end || end->number == 0) co_return found;

    const bool forward = query.order == Query::Order::oldest_first;
    std::uint64_t first = 1, last = end->number;
    if (query.from) first = co_await first_at(*query.from, last);
    if (query.after) {
        if (forward)
            first = std::max(first, *query.after + 1);
        else
            last = std::min(last, *query.after - std::min<std::uint64_t>(*query.after, 1));
    }
    while (first <= last && found.size() < query.limit) {
        store::ScanOptions options{.from = store::log_key(log_, first),
                                   .to = store::log_key(log_, last + 1),
                                   .limit = page};
        if (!forward) options.order = store::ScanOptions::Order::backward;
        const auto items = co_await store_.scan(store::Space::audit, std::move(options));
        if (items.empty()) break;
        for (const store::Item& item : items) {
            Numbered entry = numbered(item);
            if (forward)
                first = entry.number + 1;
            else
                last = entry.number - 1;
            if (found.size() < query.limit && !entry.is_damaged && matches(entry.entry, query))
                found.push_back(std::move(entry));
        }
    }
    co_return found;
}

net::Task<std::optional<Numbered>> Trail::show(std::uint64_t number) {
    Bytes key = store::log_key(log_, number);
    auto value = co_await store_.get(store::Space::audit, key);
    if (!value) co_return std::nullopt;
    co_return numbered({std::move(key), *std::move(value)});
}

net::Task<Verdict> Trail::verify(std::function<void(std::uint64_t, std::uint64_t)> progress) {
    const auto snapshot = co_await store_.snapshot();
    const auto end_record =
        co_await store_.get(store::Space::counter, store::log_end_key(log_), snapshot.get());
    const auto end = end_record ? store::read_log_end(*end_record) : std::nullopt;
    Verdict verdict;
    const auto wrong = [&verdict](Verdict::Kind kind, std::uint64_t number, std::string text) {
        verdict.kind = kind;
        verdict.first_bad = number;
        verdict.text = std::move(text);
    };
    if (end_record && !end) {
        wrong(Verdict::Kind::altered, 0,
              fmt::format("The end mark of log {} cannot be read.", log_));
        co_return verdict;
    }
    const std::uint64_t expected = end ? end->number : 0;
    for (;;) {
        // One more than the end mark says is asked for, so that an entry behind the end is seen.
        store::ScanOptions options{.from = store::log_key(log_, verdict.end.number + 1),
                                   .to = store::log_key(log_, UINT64_MAX),
                                   .limit = page};
        const auto items =
            co_await store_.scan(store::Space::audit, std::move(options), snapshot.get());
        for (const store::Item& item : items) {
            const std::uint64_t next = verdict.end.number + 1;
            const auto number = store::log_number(item.key);
            const auto value = store::read_log_value(item.value);
            if (!number || *number != next) {
                wrong(Verdict::Kind::gap, next,
                      fmt::format("Entry {} of log {} is missing; the next one there is {}.", next,
                                  log_, number.value_or(0)));
                co_return verdict;
            }
            const bool chained =
                value && store::next_chain(verdict.end.chain, next, value->entry) == value->chain;
            if (!chained || !decode(value->entry)) {
                wrong(
                    Verdict::Kind::altered, next,
                    fmt::format(
                        "Entry {} of log {} {}.", next, log_,
                        chained
                            ? "cannot be read"
                            : "does not match its chain value: it or the one before was altered"));
                co_return verdict;
            }
            verdict.end = {.number = next, .chain = value->chain};
            ++verdict.entries;
        }
        if (progress) progress(verdict.entries, expected);
        if (items.empty()) break;
    }
    if (verdict.end.number != expected) {
        wrong(verdict.end.number < expected ? Verdict::Kind::gap : Verdict::Kind::altered,
              std::min(verdict.end.number, expected) + 1,
              fmt::format("Log {} has {} entries, its end mark says {}.", log_, verdict.end.number,
                          expected));
    } else if (end && end->chain != verdict.end.chain) {
        wrong(Verdict::Kind::altered, expected,
              fmt::format("The last entry of log {} is not the one its end mark was made for.",
                          log_));
    } else {
        verdict.text = fmt::format(
            "{} entries of log {} are sound: numbered without a gap, each chained to the one "
            "before.",
            verdict.entries, log_);
    }
    co_return verdict;
}

}  // namespace pidge::audit
