// Account: a principal of the directory, with its addresses.
#include <fmt/format.h>

#include "base/text.h"
#include "formats/address/mailbox.h"
#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/limits.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"

namespace pidge::admin {
namespace {

using directory::Principal;
using directory::PrincipalId;

constexpr std::array<std::string_view, 8> account_properties = {
    "id", "kind", "state", "login", "name", "published", "aliases", "created"};
constexpr std::array<std::string_view, 3> account_sorts = {"login", "name", "created"};
constexpr std::array<std::string_view, 2> kinds = {"person", "automatic"};
constexpr std::array<std::string_view, 2> states = {"active", "blocked"};
constexpr std::size_t page = 1000;

json::Object encode(const Principal& principal) {
    return {{"id", principal.id.text()},
            {"kind", kinds[static_cast<std::size_t>(principal.kind)]},
            {"state", states[static_cast<std::size_t>(principal.state)]},
            {"login", principal.login},
            {"name", principal.name},
            {"published", texts(principal.published)},
            {"aliases", texts(principal.aliases)},
            {"created", utc_text(principal.created)}};
}

// Everything but id and created, which are ours.
Result<Principal> decode(const json::Place& in) {
    TRY(in.only({"id", "kind", "state", "login", "name", "published", "aliases", "created"}));
    Principal principal;
    principal.kind = static_cast<Principal::Kind>(TRY(read_word(in, "kind", kinds, 0)));
    principal.state = static_cast<Principal::State>(TRY(read_word(in, "state", states, 0)));
    principal.login = TRY(in.find_string("login")).value_or("");
    principal.name = TRY(in.find_string("name")).value_or("");
    principal.published = TRY(read_texts(in, "published"));
    principal.aliases = TRY(read_texts(in, "aliases"));
    // The local part of the first address makes a good login where none is given.
    if (principal.login.empty() && !principal.published.empty()) {
        const std::string& first = principal.published.front();
        principal.login = first.substr(0, first.rfind('@'));
    }
    return principal;
}

bool is_same(const std::string& one, const std::string& other) {
    const auto a = address::parse_mailbox(one), b = address::parse_mailbox(other);
    return a && b ? address::key(*a) == address::key(*b) : one == other;
}

// Single aliases of a patch, "aliases/al@example.org" with true (to add it) or null, as the whole
// list that comes of them. Deviation (RFC 8620 §5.3): they point into an array, by the value of an
// element. Two who add one each so keep both: the patch is read anew on what is stored then.
Result<json::Value> with_all_aliases(const Principal& before, const json::Place& patch) {
    constexpr std::string_view prefix = "aliases/";
    json::Object out;
    std::vector<std::string> aliases = before.aliases, added;
    bool has_single = false;
    for (const json::Place::Named& member : TRY(patch.members())) {
        if (!member.name.starts_with(prefix)) {
            out.set(member.name, member.place.value());
            continue;
        }
        has_single = true;
        const auto alias = json::pointer_name(member.name.substr(prefix.size()));
        if (!alias) return member.place.refusal("expected a name as RFC 6901 writes it");
        if (!member.place.value().is_null()) {
            if (!TRY(member.place.boolean())) return member.place.refusal("expected true or null");
            added.push_back(*alias);
        } else if (std::erase_if(aliases, [&](const auto& own) { return is_same(own, *alias); }) ==
                   0) {
            return Refusal{.kind = Refusal::Kind::not_found,
                           .text = *alias + " is no alias of " + before.login + "."};
        }
    }
    if (!has_single) return json::Value(std::move(out));
    if (out.find("aliases") != nullptr)
        return patch.refusal("aliases are set all at once or singly, not both");
    aliases.insert(aliases.end(), added.begin(), added.end());
    out.set("aliases", texts(aliases));
    return json::Value(std::move(out));
}

// [J1]: published addresses should not show the names of machines or user codes.
json::Array warnings_about(const Principal& principal) {
    json::Array out;
    for (const std::string& address : principal.published) {
        const std::string local = text::to_lower(address.substr(0, address.rfind('@')));
        std::size_t letters = 0;
        while (letters < local.size() && text::is_alpha(local[letters])) ++letters;
        const bool is_code = letters >= 1 && letters <= 5 && local.size() > letters + 1 &&
                             std::ranges::all_of(local.substr(letters), text::is_digit);
        if (is_code)
            out.push_back(
                fmt::format("{} looks like a user code; a published address should be a "
                            "name, as given.family@… (make the code an alias).",
                            address));
        for (const std::string_view word : {"localhost", "localdomain", "workstation"})
            if (local.find(word) != std::string::npos)
                out.push_back(fmt::format("{} shows the name of a machine.", address));
    }
    return out;
}

bool has_text(const Principal& principal, const std::string& text) {
    if (contains_text(principal.login, text) || contains_text(principal.name, text)) return true;
    for (const auto* list : {&principal.published, &principal.aliases})
        for (const std::string& address : *list)
            if (contains_text(address, text)) return true;
    return false;
}

bool is_in_domain(const Principal& principal, const std::string& domain) {
    for (const auto* list : {&principal.published, &principal.aliases})
        for (const std::string& address : *list)
            if (text::iequals(address.substr(address.rfind('@') + 1), domain)) return true;
    return false;
}

struct Filter {
    std::string text, domain, kind, state, login;
    std::optional<PrincipalId> after;  // in the order of ids, which is that of their making

    bool matches(const Principal& principal) const {
        return has_text(principal, text) && (domain.empty() || is_in_domain(principal, domain)) &&
               (kind.empty() || kind == kinds[static_cast<std::size_t>(principal.kind)]) &&
               (state.empty() || state == states[static_cast<std::size_t>(principal.state)]);
    }
};

Result<Filter> read_filter(const std::optional<json::Place>& in) {
    TRY(check_filter(in, {"text", "domain", "kind", "state", "login", "after"}));
    Filter filter;
    filter.text = TRY(filter_text(in, "text"));
    filter.domain = TRY(filter_text(in, "domain"));
    filter.kind = TRY(filter_word(in, "kind", kinds));
    filter.state = TRY(filter_word(in, "state", states));
    filter.login = TRY(filter_text(in, "login"));
    if (!in) return filter;
    if (const auto after = TRY(in->find_string("after"))) {
        filter.after = PrincipalId::parse(*after);
        if (!filter.after) return in->refusal("after: expected the id of an account");
    }
    return filter;
}

std::string sort_key(const Principal& principal, const std::string& property) {
    if (property == "name") return text::to_lower(principal.name);
    if (property == "created") return utc_text(principal.created);
    return text::to_lower(principal.login);
}

class AccountType final : public DataType {
 public:
    explicit AccountType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "Account"; }
    std::span<const std::string_view> properties() const override { return account_properties; }
    std::span<const std::string_view> sort_properties() const override { return account_sorts; }
    net::Task<std::string> state() override { co_return co_await state_of(parts_.store, name()); }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto principal = co_await find(std::move(id));
        if (!principal) co_return std::nullopt;
        co_return encode(*principal);
    }

    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        const Filter filter = CO_TRY(read_filter(request.filter));
        std::vector<Sortable> found;
        if (!filter.login.empty()) {
            // One lookup, by login or any address, as at a log in.
            const auto principal = co_await parts_.directory.find_login(filter.login);
            if (principal && filter.matches(*principal))
                found.push_back({principal->id.text(), {}});
            co_return ordered(std::move(found), true);
        }
        for (std::optional<PrincipalId> after = filter.after;;) {
            const auto some = co_await parts_.directory.principals(after, page);
            for (const Principal& principal : some)
                if (filter.matches(principal))
                    found.push_back({principal.id.text(), sort_key(principal, request.sort)});
            if (some.size() < page || found.size() >= wanted(request)) break;
            after = some.back().id;
        }
        co_return ordered(std::move(found), request);
    }

    net::Task<Result<Plan>> plan_create(json::Place object) override {
        Principal principal = CO_TRY(decode(object));
        principal.id = PrincipalId::make(parts_.clock.unix_ms());
        principal.created = parts_.clock.now();
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.add_principal(principal));
        plan.id = principal.id.text();
        plan.told = {{"login", principal.login},
                     {"created", utc_text(principal.created)},
                     {"warnings", warnings_about(principal)}};
        plan.after = encode(principal);
        co_return finished(std::move(plan));
    }

    net::Task<Result<Plan>> plan_update(std::string id, json::Place patch) override {
        const auto before = co_await find(id);
        if (!before) co_return missing(id);
        const json::Object shown = encode(*before);
        const json::Value whole = CO_TRY(with_all_aliases(*before, patch));
        const json::Value merged = CO_TRY(patched(shown, json::Place(whole)));
        const json::Value* same_id = merged.find("id");
        if (*same_id != json::Value(before->id.text()))
            co_return patch.refusal("the id of an account never changes");
        Principal principal = CO_TRY(decode(json::Place(merged)));
        principal.id = before->id;
        principal.created = before->created;
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.update_principal(*before, principal));
        plan.id = id;
        plan.before = shown;
        plan.after = encode(principal);
        co_return finished(std::move(plan));
    }

    net::Task<Result<Plan>> plan_destroy(std::string id, json::Place) override {
        const auto before = co_await find(id);
        if (!before) co_return missing(id);
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.remove_principal(before->id));
        plan.id = id;
        plan.before = encode(*before);
        co_return finished(std::move(plan));
    }

 private:
    net::Task<std::optional<Principal>> find(std::string id) {
        const auto parsed = PrincipalId::parse(id);
        if (!parsed) co_return std::nullopt;
        co_return co_await parts_.directory.find_principal(*parsed);
    }

    static Refusal missing(const std::string& id) {
        return {.kind = Refusal::Kind::not_found, .text = "There is no account " + id + "."};
    }

    Plan finished(Plan plan) {
        note_changed(plan.change, name());
        return plan;
    }

    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> account_type(Parts& parts) {
    return std::make_unique<AccountType>(parts);
}

}  // namespace pidge::admin
