// Which logs there are, and whether one is sound: from the first key of its name to the last.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "mail/audit/trail.h"
#include "system/store/octets.h"

namespace pidge::audit {

namespace {

constexpr std::size_t page = 1000;

// What has been followed of a log, and what is wrong with it.
class Following {
 public:
    Following(std::string log, std::optional<store::LogEnd> mark)
        : expected_(mark ? mark->number : 0), mark_(mark) {
        verdict_.log = std::move(log);
    }

    std::uint64_t expected() const { return expected_; }
    const Verdict& verdict() const { return verdict_; }

    // False: it is broken here.
    bool take(const store::Item& item) {
        const std::uint64_t next = verdict_.end.number + 1;
        if (item.key != store::log_key(verdict_.log, next)) return refuse_key(item.key, next);
        const auto value = store::read_log_value(item.value);
        const bool is_chained =
            value && store::next_chain(verdict_.end.chain, next, value->entry) == value->chain;
        if (!is_chained || !decode(value->entry))
            return wrong(Verdict::Kind::altered, next,
                         fmt::format("Entry {} of log {} {}.", next, shown(),
                                     is_chained ? "cannot be read"
                                                : "does not match its chain value: it or the one "
                                                  "before was altered"));
        verdict_.end = {.number = next, .chain = value->chain};
        ++verdict_.entries;
        return true;
    }

    void finish() {
        const std::uint64_t last = verdict_.end.number;
        if (!mark_ && last > 0)
            wrong(Verdict::Kind::altered, 1,
                  fmt::format("Log {} has {} entries and no end mark.", shown(), last));
        else if (last != expected_)
            wrong(last < expected_ ? Verdict::Kind::gap : Verdict::Kind::altered,
                  std::min(last, expected_) + 1,
                  fmt::format("Log {} has {} entries, its end mark says {}.", shown(), last,
                              expected_));
        else if (mark_ && mark_->chain != verdict_.end.chain)
            wrong(Verdict::Kind::altered, expected_,
                  fmt::format("The last entry of log {} is not the one its end mark was made for.",
                              shown()));
        else
            verdict_.text = fmt::format(
                "{} entries of log {} are sound: numbered without a gap, each chained to the one "
                "before.",
                verdict_.entries, shown());
    }

    bool wrong(Verdict::Kind kind, std::uint64_t number, std::string text) {
        verdict_.kind = kind;
        verdict_.first_bad = number;
        verdict_.text = std::move(text);
        return false;
    }

    std::string shown() const { return text::printable(verdict_.log, 200); }

 private:
    bool refuse_key(std::string_view key, std::uint64_t next) {
        const auto number = store::log_number(key);
        if (!number || *number < next || key != store::log_key(verdict_.log, *number))
            return wrong(Verdict::Kind::altered, next,
                         fmt::format("Before entry {} of log {} stands a record that is none of "
                                     "its entries.",
                                     next, shown()));
        if (next > expected_)
            return wrong(Verdict::Kind::altered, next,
                         fmt::format("Entry {} of log {} stands behind its end mark, which says "
                                     "{}.",
                                     *number, shown(), expected_));
        return wrong(Verdict::Kind::gap, next,
                     fmt::format("Entry {} of log {} is missing; the next one there is {}.", next,
                                 shown(), *number));
    }

    const std::uint64_t expected_;
    const std::optional<store::LogEnd> mark_;
    Verdict verdict_;
};

}  // namespace

net::Task<std::vector<Log>> Trail::logs() {
    std::map<std::string, std::uint64_t> entries;
    const Bytes prefix = store::log_end_key("");
    Bytes from = prefix;
    for (;;) {
        store::ScanOptions options{.from = from, .to = store::after_prefix(prefix), .limit = page};
        const auto items = co_await store_.scan(store::Space::counter, std::move(options));
        for (const store::Item& item : items) {
            const auto end = store::read_log_end(item.value);
            entries[item.key.substr(prefix.size())] = end ? end->number : 0;
        }
        if (items.size() < page) break;
        from = items.back().key + '\0';
    }
    // Those whose end mark is gone have entries still.
    for (from.clear();;) {
        store::ScanOptions options{.from = from, .to = {}, .limit = 1};
        const auto items = co_await store_.scan(store::Space::audit, std::move(options));
        if (items.empty()) break;
        const std::string log(store::log_of(items.front().key));
        entries.try_emplace(log);
        from = store::after_log(log);
    }
    std::vector<Log> logs{{log_, entries[log_]}};
    entries.erase(log_);
    for (auto& [name, count] : entries) logs.push_back({name, count});
    co_return logs;
}

net::Task<Verdict> Trail::verify(std::string log,
                                 std::function<void(std::uint64_t, std::uint64_t)> progress) {
    log = named(log);
    const auto snapshot = co_await store_.snapshot();
    const auto record =
        co_await store_.get(store::Space::counter, store::log_end_key(log), snapshot.get());
    const auto mark = record ? store::read_log_end(*record) : std::nullopt;
    Following following(log, mark);
    if (record && !mark) {
        following.wrong(Verdict::Kind::altered, 0,
                        fmt::format("The end mark of log {} cannot be read.", following.shown()));
        co_return following.verdict();
    }
    // Every key of the log is looked at, those of no entry and those behind the end, too.
    for (Bytes from = log;;) {
        store::ScanOptions options{.from = from, .to = store::after_log(log), .limit = page};
        const auto items =
            co_await store_.scan(store::Space::audit, std::move(options), snapshot.get());
        for (const store::Item& item : items)
            if (!following.take(item)) co_return following.verdict();
        if (progress) progress(following.verdict().entries, following.expected());
        if (items.size() < page) break;
        from = items.back().key + '\0';
    }
    following.finish();
    co_return following.verdict();
}

}  // namespace pidge::audit
