// AuditEntry: an entry of an audit log; its id is its number, with "@" and the name of its log
// where that is not this node's own. Nothing of it can be changed, and each look at it is itself
// recorded.
#include <fmt/format.h>

#include "base/text.h"
#include "services/admin/audit_logs.h"
#include "services/admin/encode.h"
#include "services/admin/limits.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"
#include "system/store/log_entry.h"

namespace pidge::admin {
namespace {

constexpr std::array<std::string_view, 9> audit_properties = {
    "id", "log", "number", "type", "time", "source", "boot", "chain", "fields"};
constexpr std::array<std::string_view, 1> audit_sorts = {"number"};

// Entries nest no deeper than the decoder of the audit log allows.
json::Value value_of(const cbor::Value& from) {
    if (const auto* number = from.number()) return *number;
    if (const auto* truth = from.truth()) return *truth;
    if (const auto* text = from.text()) return *text;
    if (const auto* octets = from.octets()) return text::hex(octets->bytes);
    if (const auto* array = from.array()) {
        json::Array out;
        for (const cbor::Value& item : *array) out.push_back(value_of(item));
        return out;
    }
    json::Object out;
    for (const auto& [name, value] : *from.map()) out.set(name, value_of(value));
    return out;
}

struct EntryId {
    std::uint64_t number = 0;
    std::string log;  // empty: this node's own
};

std::optional<EntryId> read_id(std::string_view id) {
    const std::size_t at = std::min(id.find('@'), id.size());
    const auto number = text::parse_u64(id.substr(0, at));
    if (!number || *number == 0) return std::nullopt;
    return EntryId{*number, std::string(id.substr(std::min(at + 1, id.size())))};
}

std::string id_text(const EntryId& id) {
    return id.log.empty() ? std::to_string(id.number) : fmt::format("{}@{}", id.number, id.log);
}

json::Object encode(const audit::Numbered& numbered, const EntryId& id, const std::string& own) {
    const audit::Entry& entry = numbered.entry;
    const std::string_view chain(reinterpret_cast<const char*>(numbered.chain.data()),
                                 numbered.chain.size());
    json::Object out{{"id", id_text(id)},
                     {"log", id.log.empty() ? own : id.log},
                     {"number", numbered.number},
                     {"chain", text::hex(chain)}};
    if (numbered.is_damaged) {
        out.set("isDamaged", true);
        return out;
    }
    out.set("type", audit::type_name(entry.type));
    out.set("time", utc_text(entry.wall));
    out.set("source", entry.source);
    out.set("boot", text::hex(entry.boot));
    out.set("fields", value_of(cbor::Value(entry.fields)));
    return out;
}

Result<audit::Query> read_filter(const std::optional<json::Place>& in) {
    TRY(check_filter(in, {"from", "to", "types", "queueId", "sender", "recipient", "client",
                          "account", "messageId", "text", "after", "log"}));
    audit::Query query;
    if (!in) return query;
    query.log = TRY(filter_text(in, "log"));
    query.from = TRY(find_utc(*in, "from"));
    query.to = TRY(find_utc(*in, "to"));
    if (const auto given = TRY(in->find("types")); given && TRY(given->array()).empty())
        return given->refusal("expected some types; for all of them, leave it out");
    for (const json::Place& item : TRY(in->array_or_empty("types"))) {
        const std::string word = TRY(item.string());
        const auto type = audit::find_type(word);
        if (!type) {
            std::string all;
            for (const audit::TypeInfo& info : audit::types())
                all += fmt::format("{}{}", all.empty() ? "" : ", ", info.name);
            return item.refusal(fmt::format("there is no type \"{}\"; there are {}", word, all));
        }
        query.types.push_back(*type);
    }
    query.queue_id = TRY(filter_text(in, "queueId"));
    query.sender = TRY(filter_text(in, "sender"));
    query.recipient = TRY(filter_text(in, "recipient"));
    query.client = TRY(filter_text(in, "client"));
    query.principal = TRY(filter_text(in, "account"));
    query.message_id = TRY(filter_text(in, "messageId"));
    query.any = TRY(filter_text(in, "text"));
    if (const auto after = TRY(in->find_string("after"))) {
        const auto id = read_id(*after);
        if (!id) return in->refusal("after: expected the number of an entry");
        query.after = id->number;
    }
    return query;
}

class AuditEntryType final : public DataType {
 public:
    explicit AuditEntryType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "AuditEntry"; }
    std::span<const std::string_view> properties() const override { return audit_properties; }
    std::span<const std::string_view> sort_properties() const override { return audit_sorts; }
    bool is_reading_recorded() const override { return true; }

    net::Task<std::string> state() override {
        const auto end = co_await parts_.store.get(store::Space::counter,
                                                   store::log_end_key(parts_.trail.log()));
        const auto read = end ? store::read_log_end(*end) : std::nullopt;
        co_return std::to_string(read ? read->number : 0);
    }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto wanted = read_id(id);
        if (!wanted) co_return std::nullopt;
        const auto found = co_await parts_.trail.show(wanted->number, wanted->log);
        if (!found) co_return std::nullopt;
        co_return encode(*found, *wanted, parts_.trail.log());
    }

    // Newest first unless asked otherwise. Only as many as are needed are looked for.
    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        audit::Query query = CO_TRY(read_filter(request.filter));
        if (query.log == parts_.trail.log()) query.log.clear();
        if (!query.log.empty()) CO_TRY(co_await check_log(parts_.trail, query.log));
        const std::string log = query.log;
        query.limit = std::min(request.needed, limits::query_objects_max);
        const bool is_oldest_first = !request.sort.empty() && request.is_ascending;
        query.order =
            is_oldest_first ? audit::Query::Order::oldest_first : audit::Query::Order::newest_first;
        QueryAnswer answer;
        for (const audit::Numbered& found : co_await parts_.trail.search(std::move(query)))
            answer.ids.push_back(id_text({found.number, log}));
        co_return answer;
    }

 private:
    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> audit_entry_type(Parts& parts) {
    return std::make_unique<AuditEntryType>(parts);
}

}  // namespace pidge::admin
