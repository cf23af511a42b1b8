// Route: how mail for a domain leaves this machine. One for each domain pattern; creating another
// for the same pattern replaces the former one.
#include <fmt/format.h>

#include "formats/unicode/fold.h"
#include "mail/directory/limits.h"
#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"

namespace pidge::admin {
namespace {

using directory::Route;
using directory::RouteId;

constexpr std::array<std::string_view, 11> route_properties = {
    "id",          "domain", "kind",         "host", "port",   "tls",
    "implicitTls", "user",   "passwordFile", "text", "created"};
constexpr std::array<std::string_view, 5> kinds = {"mx", "nextHop", "lmtp", "discard", "refuse"};
constexpr std::array<std::string_view, 3> tls_words = {"opportunistic", "required", "verified"};

json::Object encode(const Route& route) {
    return {{"id", route.id.text()},
            {"domain", route.domain},
            {"kind", kinds[static_cast<std::size_t>(route.kind)]},
            {"host", route.host},
            {"port", route.port},
            {"tls", tls_words[static_cast<std::size_t>(route.tls)]},
            {"implicitTls", route.implicit_tls},
            {"user", route.user},
            {"passwordFile", route.password_file},
            {"text", route.text},
            {"created", utc_text(route.created)}};
}

// RFC 6409 §3.1, RFC 8314 §3.3: who logs in does so at a submission service.
std::int64_t usual_port(const Route& route) {
    if (route.kind == Route::Kind::lmtp) return 24;
    if (route.implicit_tls) return 465;
    return route.user.empty() ? 25 : 587;
}

Result<Route> decode(const json::Place& in) {
    TRY(in.only(
        {"domain", "kind", "host", "port", "tls", "implicitTls", "user", "passwordFile", "text"}));
    Route route;
    route.domain = TRY(in.string("domain"));
    route.kind = static_cast<Route::Kind>(TRY(read_word(in, "kind", kinds, 0)));
    route.host = TRY(in.find_string("host")).value_or("");
    route.implicit_tls = TRY(in.boolean_or("implicitTls", false));
    route.user = TRY(in.find_string("user")).value_or("");
    route.password_file = TRY(in.find_string("passwordFile")).value_or("");
    const std::int64_t usual = usual_port(route);
    route.port = static_cast<std::uint16_t>(TRY(in.integer_or("port", usual, 1, 65'535)));
    const auto usual_tls = route.user.empty() ? Route::Tls::opportunistic : Route::Tls::verified;
    route.tls = static_cast<Route::Tls>(
        TRY(read_word(in, "tls", tls_words, static_cast<std::uint8_t>(usual_tls))));
    route.text = TRY(in.find_string("text")).value_or("");
    if (route.text.size() > directory::text_octets_max || unicode::has_steering(route.text))
        return TRY(in.get("text")).refusal("expected at most 1000 octets of printable text");
    const bool is_to_host = route.kind == Route::Kind::next_hop || route.kind == Route::Kind::lmtp;
    if (!is_to_host && !route.host.empty())
        return TRY(in.get("host"))
            .refusal(fmt::format("a route of kind {} has no host",
                                 kinds[static_cast<std::size_t>(route.kind)]));
    return route;
}

class RouteType final : public DataType {
 public:
    explicit RouteType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "Route"; }
    std::span<const std::string_view> properties() const override { return route_properties; }
    net::Task<std::string> state() override { co_return co_await state_of(parts_.store, name()); }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto site = parts_.directory.site();
        for (const Route& route : site->routes())
            if (route.id.text() == id) co_return encode(route);
        co_return std::nullopt;
    }

    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        CO_TRY(check_filter(request.filter, {"text", "domain"}));
        const std::string text = CO_TRY(filter_text(request.filter, "text"));
        const std::string domain = CO_TRY(filter_text(request.filter, "domain"));
        std::vector<Sortable> found;
        const auto site = parts_.directory.site();
        for (const Route& route : site->routes()) {
            const bool has_text =
                contains_text(route.domain, text) || contains_text(route.host, text);
            if (has_text && (domain.empty() || domain == route.domain))
                found.push_back({route.id.text(), route.domain});
        }
        co_return ordered(std::move(found), request.is_ascending);
    }

    net::Task<Result<Plan>> plan_create(json::Place object) override {
        Route route = CO_TRY(decode(object));
        route.id = RouteId::make(parts_.clock.unix_ms());
        route.created = parts_.clock.now();
        Plan plan;
        const auto site = parts_.directory.site();
        for (const Route& former : site->routes())
            if (former.domain == route.domain) plan.before = encode(former);
        plan.change = CO_TRY(co_await parts_.directory.set_route(route));
        plan.id = route.id.text();
        plan.told = {{"created", utc_text(route.created)}};
        plan.after = encode(route);
        co_return finished(std::move(plan));
    }

    net::Task<Result<Plan>> plan_destroy(std::string id, json::Place) override {
        const auto before = co_await get(id);
        const auto parsed = RouteId::parse(id);
        if (!before || !parsed)
            co_return Refusal{.kind = Refusal::Kind::not_found,
                              .text = "There is no route " + id + "."};
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.remove_route(*parsed));
        plan.id = id;
        plan.before = *before;
        co_return finished(std::move(plan));
    }

 private:
    Plan finished(Plan plan) {
        note_changed(plan.change, name());
        plan.changes_site = true;
        return plan;
    }

    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> route_type(Parts& parts) {
    return std::make_unique<RouteType>(parts);
}

}  // namespace pidge::admin
