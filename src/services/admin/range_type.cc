// AnonymousRange: a network whose machines submit without credentials [O3].
#include <fmt/format.h>

#include "formats/unicode/fold.h"
#include "mail/directory/limits.h"
#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"

namespace pidge::admin {
namespace {

using directory::Range;
using directory::RangeId;

constexpr std::array<std::string_view, 7> range_properties = {
    "id", "network", "owner", "purpose", "created", "expires", "needsName"};

json::Object encode(const Range& range) {
    return {{"id", range.id.text()},
            {"network", range.network.text()},
            {"owner", range.owner},
            {"purpose", range.purpose},
            {"created", utc_text(range.created)},
            {"expires", utc_or_null(range.expires)},
            {"needsName", range.needs_name}};
}

Result<Range> decode(const json::Place& in, WallTime now) {
    TRY(in.only({"network", "owner", "purpose", "expires", "needsName"}));
    Range range;
    const std::string network = TRY(in.string("network"));
    const auto parsed = net::Network::parse(network);
    if (!parsed)
        return TRY(in.get("network"))
            .refusal(fmt::format("\"{}\" is no network; write for example 192.0.2.0/24 (bits "
                                 "beyond the prefix are zero)",
                                 network));
    // [O3] A range says which machines are the site's own; no site is half of the Internet.
    const int shortest = parsed->first().is_v6() ? 16 : 8;
    if (parsed->prefix_length() < shortest)
        return TRY(in.get("network"))
            .refusal(
                fmt::format("a range this wide would make an open relay: at least /{}", shortest));
    range.network = *parsed;
    range.owner = TRY(in.string("owner"));
    range.purpose = TRY(in.find_string("purpose")).value_or("");
    if (range.purpose.size() > directory::text_octets_max || unicode::has_steering(range.purpose))
        return TRY(in.get("purpose")).refusal("expected at most 1000 octets of printable text");
    range.expires = TRY(find_utc(in, "expires"));
    if (range.expires && *range.expires <= now)
        return TRY(in.get("expires")).refusal("this is past already");
    range.needs_name = TRY(in.boolean_or("needsName", false));
    return range;
}

class RangeType final : public DataType {
 public:
    explicit RangeType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "AnonymousRange"; }
    std::span<const std::string_view> properties() const override { return range_properties; }
    net::Task<std::string> state() override { co_return co_await state_of(parts_.store, name()); }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto site = parts_.directory.site();
        for (const Range& range : site->ranges())
            if (range.id.text() == id) co_return encode(range);
        co_return std::nullopt;
    }

    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        CO_TRY(check_filter(request.filter, {"text", "address"}));
        const std::string text = CO_TRY(filter_text(request.filter, "text"));
        const std::string address = CO_TRY(filter_text(request.filter, "address"));
        const auto wanted = net::Address::parse(address);
        if (!address.empty() && !wanted)
            co_return request.filter->refusal("address: expected an IP address");
        std::vector<Sortable> found;
        const auto site = parts_.directory.site();
        for (const Range& range : site->ranges()) {
            if (wanted && !range.network.contains(*wanted)) continue;
            const bool has_text = contains_text(range.network.text(), text) ||
                                  contains_text(range.owner, text) ||
                                  contains_text(range.purpose, text);
            if (has_text) found.push_back({range.id.text(), range.network.text()});
        }
        co_return ordered(std::move(found), request.is_ascending);
    }

    net::Task<Result<Plan>> plan_create(json::Place object) override {
        Range range = CO_TRY(decode(object, parts_.clock.now()));
        range.id = RangeId::make(parts_.clock.unix_ms());
        range.created = parts_.clock.now();
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.add_range(range));
        plan.id = range.id.text();
        plan.told = {{"created", utc_text(range.created)}};
        plan.after = encode(range);
        co_return finished(std::move(plan));
    }

    net::Task<Result<Plan>> plan_destroy(std::string id, json::Place) override {
        const auto before = co_await get(id);
        const auto parsed = RangeId::parse(id);
        if (!before || !parsed)
            co_return Refusal{.kind = Refusal::Kind::not_found,
                              .text = "There is no range " + id + "."};
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.remove_range(*parsed));
        plan.id = id;
        plan.before = *before;
        // Of the same network, which an older version let in; they go with it.
        const auto site = parts_.directory.site();
        json::Array others;
        for (const Range& other : site->ranges())
            if (other.id != *parsed && *before->find("network") == other.network.text())
                others.push_back(encode(other));
        if (!others.empty()) plan.before.set("others", std::move(others));
        co_return finished(std::move(plan));
    }

 private:
    Plan finished(Plan plan) {
        note_changed(plan.change, name());
        plan.changes_site = true;
        plan.audit_type = audit::Type::range_change;
        return plan;
    }

    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> range_type(Parts& parts) {
    return std::make_unique<RangeType>(parts);
}

}  // namespace pidge::admin
