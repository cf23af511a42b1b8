// The queue: each entry that is not held is due exactly once, each due record has its entry, and
// each entry has its body.
#include <fmt/format.h>

#include "mail/queue/entry_record.h"
#include "services/inspection/inspection.h"
#include "system/store/due_key.h"
#include "system/store/octets.h"

namespace pidge::inspection {

namespace {

using store::Item;
using store::Space;

std::string name_of(std::string_view key) {
    const auto id = queue::EntryId::from_key(key);
    return "queue " + (id ? id->text() : shown(key));
}

net::Task<void> inspect_entry(Inspection& in, const Item& item) {
    const std::string about = name_of(item.key);
    const auto entry = queue::read_entry(item.value);
    if (!entry) {
        in.note(about, "The entry cannot be read.");
        co_return;
    }
    if (entry->id.key() != item.key) in.note(about, "The entry stands under another one's key.");
    in.holders.push_back(store::read_u64(entry->body.bytes().data()));
    const bool has_body = co_await in.has(Space::blob, Bytes(entry->body.bytes()));
    if (!has_body) in.note(about, fmt::format("Its body {} is not there.", entry->body.text()));
    const Bytes due = store::due_key(entry->destination.group(), entry->due, item.key);
    const bool is_due = co_await in.has(Space::due, due);
    if (is_due && entry->held) in.note(about, "It is held, and due all the same.");
    if (!is_due && !entry->held)
        in.note(about,
                "It is in the queue, but never due. Mend: pidge queue retry with its message.");
}

// Whether the entry that is due here says so too.
net::Task<void> inspect_due(Inspection& in, const Item& item) {
    const auto due = store::read_due_key(item.key);
    if (!due) {
        in.note("due " + shown(item.key), "The record cannot be read.");
        co_return;
    }
    const auto stored = co_await in.store.get(Space::queue, Bytes(due->item), in.at.get());
    const auto entry = stored ? queue::read_entry(*stored) : std::nullopt;
    if (!stored) in.note("due " + name_of(due->item), "What is due is not in the queue.");
    if (entry && (entry->destination.group() != due->group || entry->due != due->due))
        in.note("due " + name_of(due->item), "It is due at another time than its entry says.");
}

}  // namespace

net::Task<void> inspect_queue(Inspection& in) {
    for (const Space space : {Space::queue, Space::due}) {
        in.report.counts[space] = 0;
        auto pages = in.pages(space);
        for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
            if (!in.count(space, page)) co_return;
            for (const Item& item : page) {
                if (space == Space::queue)
                    co_await inspect_entry(in, item);
                else
                    co_await inspect_due(in, item);
            }
        }
    }
}

}  // namespace pidge::inspection
