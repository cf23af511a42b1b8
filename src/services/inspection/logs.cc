// Audit logs: every entry can be read, the numbers have no gap, and each chain value follows from
// the one before (store/log_entry.h). Of all nodes, not only of the one that asks.
#include <fmt/format.h>

#include "mail/audit/entry.h"
#include "services/inspection/inspection.h"

namespace pidge::inspection {

namespace {

using store::Item;
using store::Space;

constexpr std::string_view end_prefix = "log:";

struct Following {
    std::string log;
    store::LogEnd end;  // as followed so far
    bool is_sound = true;
};

void close(Inspection& in, std::map<std::string, store::LogEnd>& ends, Following& following) {
    if (following.log.empty()) return;
    const auto end = ends.find(following.log);
    if (end == ends.end()) {
        in.note("log " + following.log, "It has entries and no end mark.");
    } else {
        const bool is_at_end =
            end->second.number == following.end.number && end->second.chain == following.end.chain;
        if (following.is_sound && !is_at_end)
            in.note("log " + following.log,
                    fmt::format("It ends with entry {}, and its end mark says {}.",
                                following.end.number, end->second.number));
        if (following.is_sound && is_at_end)
            in.report.logs.push_back({following.log, following.end});
        ends.erase(end);
    }
    following = {};
}

void follow(Inspection& in, Following& following, const Item& item) {
    const std::string about = "log " + following.log;
    const auto number = store::log_number(item.key);
    const auto value = store::read_log_value(item.value);
    if (!following.is_sound) return;  // one break is told once
    if (!number || !value || *number != following.end.number + 1) {
        in.note(about, fmt::format("Entry {} is missing or damaged.", following.end.number + 1));
        following.is_sound = false;
        return;
    }
    const store::Chain chain = store::next_chain(following.end.chain, *number, value->entry);
    if (chain != value->chain) {
        in.note(about,
                fmt::format("Entry {} was altered: its chain value does not follow.", *number));
        following.is_sound = false;
        return;
    }
    following.end = {*number, chain};
    if (!audit::decode(value->entry))
        in.note(about, fmt::format("Entry {} cannot be read.", *number));
}

net::Task<std::map<std::string, store::LogEnd>> read_counters(Inspection& in) {
    std::map<std::string, store::LogEnd> ends;
    in.report.counts[Space::counter] = 0;
    auto pages = in.pages(Space::counter);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(Space::counter, page)) break;
        for (const Item& item : page) {
            const std::string about = "counter " + shown(item.key);
            if (!item.key.starts_with(end_prefix)) {
                if (item.value.size() != 8) in.note(about, "A counter has 8 octets.");
                continue;
            }
            const auto end = store::read_log_end(item.value);
            if (end)
                ends[item.key.substr(end_prefix.size())] = *end;
            else
                in.note(about, "The end of a log cannot be read.");
        }
    }
    co_return ends;
}

}  // namespace

net::Task<void> inspect_logs(Inspection& in) {
    auto ends = co_await read_counters(in);
    Following following;
    in.report.counts[Space::audit] = 0;
    auto pages = in.pages(Space::audit);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(Space::audit, page)) co_return;
        for (const Item& item : page) {
            const std::string log = item.key.substr(0, item.key.find('\0'));
            if (log != following.log) {
                close(in, ends, following);
                following.log = log;
            }
            follow(in, following, item);
        }
    }
    close(in, ends, following);
    for (const auto& [log, end] : ends)
        if (end.number > 0) in.note("log " + log, "All its entries are missing.");
}

}  // namespace pidge::inspection
