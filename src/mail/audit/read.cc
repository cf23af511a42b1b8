// Searching a log and showing an entry of it.
//
// A search between two times passes over what cannot lie between them, so that it does not read
// years for a day. A log is looked at in pages of a thousand entries, and the first entry of each
// page, its mark, tells whether the page is read. Times do not always rise with numbers: a machine
// may have run with a wrong clock for days. So a page is passed over only where nothing speaks
// against order: its mark and the next one were written by the same run of the program, which
// counts the time by a steady clock besides, and the two clocks agree about how much passed.
#include <algorithm>
#include <map>

#include "mail/audit/match.h"
#include "mail/audit/trail.h"

namespace pidge::audit {

namespace {

constexpr std::uint64_t page = 1000;
constexpr std::uint64_t marks_first = 4, marks_most = 256;  // read at once, more each time
constexpr std::uint64_t number_max = UINT64_MAX / 2;  // so that a forged end mark wraps nothing

// An entry gets its time before the commit that gives it its number; a commit may wait for long,
// and what is folded waits for ten seconds.
constexpr std::chrono::minutes disorder{10};
// Between the two clocks of one run; less is not a clock that was set.
constexpr std::chrono::seconds agreement{1};

struct Mark {
    WallTime wall;
    std::chrono::nanoseconds mono;
    Bytes boot;
};

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

std::optional<Mark> mark_of(const std::optional<Bytes>& stored) {
    const auto value = stored ? store::read_log_value(*stored) : std::nullopt;
    const auto entry = value ? decode(value->entry) : std::nullopt;
    if (!entry) return std::nullopt;
    return Mark{entry->wall, std::chrono::nanoseconds(entry->mono_ns), entry->boot};
}

bool may_hold(const std::optional<Mark>& begin, const std::optional<Mark>& end,
              const Query& query) {
    if (!begin || !end || begin->boot != end->boot) return true;
    const auto by_wall = end->wall - begin->wall;
    const auto by_mono = std::chrono::duration_cast<WallTime::duration>(end->mono - begin->mono);
    if (std::chrono::abs(by_wall - by_mono) > agreement) return true;
    const bool is_before = query.from && end->wall + disorder < *query.from;
    const bool is_after = query.to && begin->wall - disorder >= *query.to;
    return !is_before && !is_after;
}

// Numbers still to be looked at, page by page in the order of a search.
class Way {
 public:
    Way(Query::Order order, std::uint64_t first, std::uint64_t last)
        : is_forward_(order == Query::Order::oldest_first), first_(first), last_(last) {}

    bool is_over() const { return first_ > last_; }
    std::uint64_t page_number() const { return ((is_forward_ ? first_ : last_) - 1) / page; }
    // What of this page is to be looked at, and what of the log lies behind it.
    std::uint64_t begin() const { return std::max(first_, page_number() * page + 1); }
    std::uint64_t end() const { return std::min(last_, (page_number() + 1) * page); }
    void pass() { go_behind(is_forward_ ? end() : begin()); }
    void go_behind(std::uint64_t number) {
        if (is_forward_)
            first_ = number + 1;
        else
            last_ = number - 1;
    }
    // On to a number that lies ahead.
    void leap(std::uint64_t number) { go_behind(is_forward_ ? number - 1 : number + 1); }
    bool is_ahead(std::uint64_t number) const { return number >= first_ && number <= last_; }

    store::ScanOptions scan(const std::string& log, std::size_t limit) const {
        return options(log, begin(), end(), limit);
    }
    store::ScanOptions scan_ahead(const std::string& log) const {
        return options(log, first_, last_, 1);
    }
    bool is_forward() const { return is_forward_; }

 private:
    store::ScanOptions options(const std::string& log, std::uint64_t from, std::uint64_t to,
                               std::size_t limit) const {
        using Order = store::ScanOptions::Order;
        return {.from = store::log_key(log, from),
                .to = store::log_key(log, to + 1),
                .limit = limit,
                .order = is_forward_ ? Order::forward : Order::backward};
    }

    const bool is_forward_;
    std::uint64_t first_, last_;
};

// The marks around the page that a search has come to, read many at once.
class Marks {
 public:
    Marks(store::Store& store, const std::string& log) : store_(store), log_(log) {}

    net::Task<bool> may_hold_any(const Way& way, const Query& query) {
        if (!query.from && !query.to) co_return true;
        const std::uint64_t number = way.page_number();
        if (!marks_.contains(number) || !marks_.contains(number + 1)) {
            const std::uint64_t before = way.is_forward() ? 0 : at_once_ - 1;
            co_await read(number - std::min(number, before));
            at_once_ = std::min(2 * at_once_, marks_most);
        }
        co_return may_hold(marks_[number], marks_[number + 1], query);
    }

 private:
    net::Task<void> read(std::uint64_t from) {
        std::vector<std::pair<store::Space, Bytes>> keys;
        for (std::uint64_t i = 0; i <= at_once_; ++i)
            keys.emplace_back(store::Space::audit, store::log_key(log_, (from + i) * page + 1));
        const auto values = co_await store_.multi_get(std::move(keys));
        marks_.clear();
        for (std::uint64_t i = 0; i <= at_once_; ++i) marks_[from + i] = mark_of(values.at(i));
    }

    store::Store& store_;
    const std::string& log_;
    std::uint64_t at_once_ = marks_first;
    std::map<std::uint64_t, std::optional<Mark>> marks_;
};

}  // namespace

net::Task<std::vector<Numbered>> Trail::search(Query query) {
    const std::string log = named(query.log);
    std::vector<Numbered> found;
    const auto record = co_await store_.get(store::Space::counter, store::log_end_key(log));
    const auto mark = record ? store::read_log_end(*record) : std::nullopt;
    // Without a mark to go by all that is there.
    std::uint64_t first = 1, last = mark ? std::min(mark->number, number_max) : number_max;
    if (query.after) {
        if (query.order == Query::Order::oldest_first)
            first = std::max(first, std::min(*query.after, number_max) + 1);
        else
            last = std::min(last, *query.after - std::min<std::uint64_t>(*query.after, 1));
    }
    Marks marks(store_, log);
    for (Way way(query.order, first, last); !way.is_over() && found.size() < query.limit;) {
        const bool is_wanted = co_await marks.may_hold_any(way, query);
        if (!is_wanted) {
            way.pass();
            continue;
        }
        std::size_t entries = 0;
        const auto items = co_await store_.scan(store::Space::audit, way.scan(log, 2 * page));
        for (const store::Item& item : items) {
            Numbered entry = numbered(item);
            if (item.key != store::log_key(log, entry.number)) continue;
            ++entries;
            if (found.size() < query.limit && !entry.is_damaged && matches(entry.entry, query))
                found.push_back(std::move(entry));
        }
        way.pass();
        if (entries > 0 || way.is_over()) continue;
        // A gap, or a mark that lies: what is there next?
        const auto next = co_await store_.scan(store::Space::audit, way.scan_ahead(log));
        if (next.empty()) break;
        const auto number = store::log_number(next.front().key);
        if (!number || !way.is_ahead(*number)) break;
        way.leap(*number);
    }
    co_return found;
}

net::Task<std::optional<Numbered>> Trail::show(std::uint64_t number, std::string log) {
    Bytes key = store::log_key(named(log), number);
    auto value = co_await store_.get(store::Space::audit, key);
    if (!value) co_return std::nullopt;
    co_return numbered({std::move(key), *std::move(value)});
}

}  // namespace pidge::audit
