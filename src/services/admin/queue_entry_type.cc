// QueueEntry: a message on its way to one destination. What can be changed: `due` (try again then)
// and `held`. Removing it, with or without a report to the sender, ends it.
#include <fmt/format.h>

#include "base/text.h"
#include "mail/queue/entry_record.h"
#include "mail/queue/plan.h"
#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/limits.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"
#include "system/store/log_entry.h"

namespace pidge::admin {
namespace {

using queue::Entry;
using queue::EntryId;
using queue::QueueId;

constexpr std::array<std::string_view, 16> entry_properties = {
    "id",         "queueId",        "state", "destination", "sender",   "recipients", "account",
    "size",       "arrived",        "due",   "held",        "attempts", "lastReply",  "lastAttempt",
    "envelopeId", "isDelayReported"};
constexpr std::array<std::string_view, 3> entry_sorts = {"arrived", "due", "attempts"};
constexpr std::array<std::string_view, 3> states = {"waiting", "deferred", "held"};
constexpr std::size_t page = 500;

std::string_view state_of_entry(const Entry& entry) {
    if (entry.held) return "held";
    return entry.attempts > 0 ? "deferred" : "waiting";
}

std::string sender_text(const Entry& entry) {
    return entry.sender ? entry.sender->text() : std::string();
}

json::Array encode_recipients(const Entry& entry) {
    json::Array out;
    for (const queue::Recipient& recipient : entry.recipients) {
        json::Object one{{"address", recipient.address.text()}};
        if (!recipient.original.empty()) one.set("original", recipient.original);
        out.push_back(std::move(one));
    }
    return out;
}

json::Object encode(const Entry& entry) {
    return {{"id", entry.id.text()},
            {"queueId", entry.id.message.text()},
            {"state", state_of_entry(entry)},
            {"destination", entry.destination.text()},
            {"sender", sender_text(entry)},
            {"recipients", encode_recipients(entry)},
            {"account", entry.principal},
            {"size", entry.trace.size() + entry.body_bytes},
            {"arrived", utc_text(entry.arrived)},
            {"due", utc_text(entry.due)},
            {"held", entry.held},
            {"attempts", entry.attempts},
            {"lastReply", entry.last_reply},
            {"lastAttempt", utc_or_null(entry.last_attempt)},
            {"envelopeId", entry.envelope_id},
            {"isDelayReported", entry.delay_reported}};
}

struct Filter {
    std::string state, destination, sender, recipient, account, queue_id, text;
    std::optional<WallTime> arrived_before, arrived_after;
    std::optional<EntryId> after;  // in the order of ids, which is that of arrival

    // Where to look: the entries of one message stand together.
    store::ScanOptions range() const {
        store::ScanOptions options{.limit = page};
        if (const auto id = QueueId::parse(queue_id)) {
            options.from = EntryId{*id, 0}.key();
            options.to = EntryId{*id, UINT16_MAX}.key() + '\0';
        }
        if (after) options.from = std::max(options.from, after->key() + '\0');
        return options;
    }

    static bool has(std::string_view where, const std::string& what) {
        return what.empty() || contains_text(where, what);
    }
    bool has_recipient(const Entry& entry, const std::string& what) const {
        if (what.empty()) return true;
        return std::ranges::any_of(entry.recipients, [&](const queue::Recipient& recipient) {
            return contains_text(recipient.address.text(), what);
        });
    }
    bool has_any(const Entry& entry) const {
        return text.empty() || contains_text(sender_text(entry), text) ||
               contains_text(entry.destination.text(), text) ||
               contains_text(entry.id.text(), text) || has_recipient(entry, text);
    }
    bool matches(const Entry& entry) const {
        if (arrived_before && entry.arrived >= *arrived_before) return false;
        if (arrived_after && entry.arrived < *arrived_after) return false;
        return (state.empty() || state == state_of_entry(entry)) &&
               has(entry.destination.text(), destination) && has(sender_text(entry), sender) &&
               has_recipient(entry, recipient) && (account.empty() || account == entry.principal) &&
               (queue_id.empty() || queue_id == entry.id.message.text()) && has_any(entry);
    }
};

Result<Filter> read_filter(const std::optional<json::Place>& in) {
    TRY(check_filter(in, {"state", "destination", "sender", "recipient", "account", "queueId",
                          "text", "arrivedBefore", "arrivedAfter", "after"}));
    Filter filter;
    if (!in) return filter;
    filter.state = TRY(filter_word(in, "state", states));
    filter.destination = TRY(filter_text(in, "destination"));
    filter.sender = TRY(filter_text(in, "sender"));
    filter.recipient = TRY(filter_text(in, "recipient"));
    filter.account = TRY(filter_text(in, "account"));
    filter.queue_id = TRY(filter_text(in, "queueId"));
    filter.text = TRY(filter_text(in, "text"));
    filter.arrived_before = TRY(find_utc(*in, "arrivedBefore"));
    filter.arrived_after = TRY(find_utc(*in, "arrivedAfter"));
    if (const auto after = TRY(in->find_string("after"))) {
        filter.after = EntryId::parse(*after);
        if (!filter.after) return in->refusal("after: expected the id of a queue entry");
    }
    return filter;
}

std::string sort_key(const Entry& entry, const std::string& property) {
    if (property == "due") return utc_text(entry.due);
    if (property == "attempts") return fmt::format("{:010}", entry.attempts);
    return utc_text(entry.arrived);
}

struct Stored {
    Entry entry;
    Bytes record;
};

class QueueEntryType final : public DataType {
 public:
    explicit QueueEntryType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "QueueEntry"; }
    std::span<const std::string_view> properties() const override { return entry_properties; }
    std::span<const std::string_view> sort_properties() const override { return entry_sorts; }

    // Mail comes and goes with entries of the audit log, so its end tells of any change.
    net::Task<std::string> state() override {
        const auto end = co_await parts_.store.get(store::Space::counter,
                                                   store::log_end_key(parts_.trail.log()));
        const auto read = end ? store::read_log_end(*end) : std::nullopt;
        co_return std::to_string(read ? read->number : 0);
    }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto stored = co_await find(std::move(id));
        if (!stored) co_return std::nullopt;
        co_return encode(stored->entry);
    }

    // In the natural order, the oldest first, only as many as are needed are looked for: with
    // `after`, a queue of any length is read once from end to end.
    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        const Filter filter = CO_TRY(read_filter(request.filter));
        std::vector<Sortable> found;
        store::ScanOptions options = filter.range();
        while (found.size() < wanted(request)) {
            const auto items = co_await parts_.store.scan(store::Space::queue, options);
            for (const store::Item& item : items) {
                const auto entry = queue::read_entry(item.value);
                if (!entry || !filter.matches(*entry)) continue;
                found.push_back({entry->id.text(), sort_key(*entry, request.sort)});
            }
            if (items.size() < page) break;
            options.from = items.back().key + '\0';
        }
        co_return ordered(std::move(found), request);
    }

    net::Task<Result<Plan>> plan_update(std::string id, json::Place patch) override {
        const auto stored = co_await find(id);
        if (!stored) co_return missing(id);
        Entry after = stored->entry;
        CO_TRY(patch.only({"due", "held"}));
        after.held = CO_TRY(patch.boolean_or("held", after.held));
        const auto due = CO_TRY(find_utc(patch, "due"));
        const WallTime now = parts_.clock.now();
        if (due)
            after.due = std::max(*due, now);
        else if (stored->entry.held && !after.held)
            after.due = std::min(after.due, now);
        Plan plan;
        queue::plan_reschedule(plan.change, stored->entry, after, stored->record);
        if (!after.held) plan.wake = Wake{after.destination.group(), after.due};
        plan.id = id;
        plan.told = {
            {"due", utc_text(after.due)}, {"held", after.held}, {"state", state_of_entry(after)}};
        plan.before = {{"due", utc_text(stored->entry.due)}, {"held", stored->entry.held}};
        plan.after = {{"due", utc_text(after.due)}, {"held", after.held}};
        co_return plan;
    }

    net::Task<Result<Plan>> plan_destroy(std::string id, json::Place arguments) override {
        const auto stored = co_await find(id);
        if (!stored) co_return missing(id);
        const bool wants_report = CO_TRY(arguments.boolean_or("report", false));
        Plan plan;
        queue::plan_remove(plan.change, stored->entry, stored->record);
        if (wants_report) {
            if (!parts_.plan_report)
                co_return Refusal{.kind = Refusal::Kind::unsupported,
                                  .text =
                                      "Reports are made by the running server only. Start it, "
                                      "or remove the message without a report."};
            plan.wake = CO_TRY(co_await parts_.plan_report(stored->entry, plan.change));
        }
        plan.id = id;
        plan.before = encode(stored->entry);
        plan.after = {{"report", wants_report}};
        co_return plan;
    }

 private:
    net::Task<std::optional<Stored>> find(std::string id) {
        const auto parsed = EntryId::parse(id);
        if (!parsed) co_return std::nullopt;
        auto record = co_await parts_.store.get(store::Space::queue, parsed->key());
        if (!record) co_return std::nullopt;
        auto entry = queue::read_entry(*record);
        if (!entry) throw store::Fault(store::Fault::Why::damaged, "a queue entry cannot be read");
        co_return Stored{*std::move(entry), *std::move(record)};
    }

    static Refusal missing(const std::string& id) {
        return {.kind = Refusal::Kind::not_found,
                .text = "There is no queue entry " + id +
                        "; it may have been delivered meanwhile "
                        "(pidge audit search tells)."};
    }

    Parts& parts_;
};

}  // namespace

net::Task<QueueCounts> count_queue(store::Store& store) {
    QueueCounts counts;
    const auto moment = co_await store.snapshot();
    store::ScanOptions options{.limit = page};
    for (;;) {
        const auto items = co_await store.scan(store::Space::queue, options, moment.get());
        for (const store::Item& item : items) {
            const auto entry = queue::read_entry(item.value);
            if (!entry) continue;
            const std::string_view state = state_of_entry(*entry);
            ++(state == "held"       ? counts.held
               : state == "deferred" ? counts.deferred
                                     : counts.waiting);
        }
        if (items.size() < page) co_return counts;
        options.from = items.back().key + '\0';
    }
}

std::unique_ptr<DataType> queue_entry_type(Parts& parts) {
    return std::make_unique<QueueEntryType>(parts);
}

}  // namespace pidge::admin
