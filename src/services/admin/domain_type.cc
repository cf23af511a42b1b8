// Domain: its id is its name.
#include "formats/address/domain.h"
#include "formats/address/mailbox.h"
#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"

namespace pidge::admin {
namespace {

using directory::Domain;

constexpr std::array<std::string_view, 5> domain_properties = {"id", "name", "created",
                                                               "postmaster", "abuse"};

json::Object encode(const Domain& domain) {
    return {{"id", domain.name},
            {"name", domain.name},
            {"created", utc_text(domain.created)},
            {"postmaster", texts(domain.postmaster)},
            {"abuse", texts(domain.abuse)}};
}

Result<Domain> decode(const json::Place& in) {
    TRY(in.only({"id", "name", "created", "postmaster", "abuse"}));
    Domain domain;
    domain.name = TRY(in.string("name"));
    domain.created = TRY(find_utc(in, "created")).value_or(WallTime{});
    domain.postmaster = TRY(read_texts(in, "postmaster"));
    domain.abuse = TRY(read_texts(in, "abuse"));
    for (const auto* members : {&domain.postmaster, &domain.abuse})
        for (const std::string& member : *members) TRY(address::parse_mailbox(member));
    return domain;
}

class DomainType final : public DataType {
 public:
    explicit DomainType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "Domain"; }
    std::span<const std::string_view> properties() const override { return domain_properties; }
    net::Task<std::string> state() override { co_return co_await state_of(parts_.store, name()); }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto domain = find(id);
        if (!domain) co_return std::nullopt;
        co_return encode(*domain);
    }

    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        CO_TRY(check_filter(request.filter, {"text"}));
        const std::string text = CO_TRY(filter_text(request.filter, "text"));
        std::vector<Sortable> found;
        const auto site = parts_.directory.site();
        for (const Domain& domain : site->domains())
            if (contains_text(domain.name, text)) found.push_back({domain.name, domain.name});
        co_return ordered(std::move(found), request.is_ascending);
    }

    net::Task<Result<Plan>> plan_create(json::Place object) override {
        Domain domain = CO_TRY(decode(object));
        domain.name = CO_TRY(address::normal_domain(domain.name));
        domain.created = parts_.clock.now();
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.add_domain(domain));
        plan.id = domain.name;
        plan.told = {{"name", domain.name}, {"created", utc_text(domain.created)}};
        plan.after = encode(domain);
        co_return finished(std::move(plan));
    }

    net::Task<Result<Plan>> plan_update(std::string id, json::Place patch) override {
        const auto before = find(id);
        if (!before) co_return missing(id);
        const json::Value merged = CO_TRY(patched(encode(*before), patch));
        Domain domain = CO_TRY(decode(json::Place(merged)));
        if (domain.name != before->name)
            co_return patch.refusal("a domain is not renamed; add the new one");
        domain.created = before->created;
        Plan plan;
        plan.change = CO_TRY(co_await parts_.directory.update_domain(*before, domain));
        plan.id = domain.name;
        plan.before = encode(*before);
        plan.after = encode(domain);
        co_return finished(std::move(plan));
    }

    net::Task<Result<Plan>> plan_destroy(std::string id, json::Place) override {
        const auto before = find(id);
        if (!before) co_return missing(id);
        Plan plan;
        plan.id = before->name;
        plan.change = CO_TRY(co_await parts_.directory.remove_domain(plan.id));
        plan.before = encode(*before);
        co_return finished(std::move(plan));
    }

 private:
    std::optional<Domain> find(const std::string& id) const {
        const auto site = parts_.directory.site();
        const auto normal = address::normal_domain(id);
        const Domain* domain = normal ? site->find_domain(*normal) : nullptr;
        return domain == nullptr ? std::nullopt : std::optional(*domain);
    }

    static Refusal missing(const std::string& id) {
        return {.kind = Refusal::Kind::not_found, .text = "There is no domain " + id + " here."};
    }

    Plan finished(Plan plan) {
        note_changed(plan.change, name());
        plan.changes_site = true;
        return plan;
    }

    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> domain_type(Parts& parts) {
    return std::make_unique<DomainType>(parts);
}

}  // namespace pidge::admin
