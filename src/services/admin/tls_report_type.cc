// TlsReport: what came of TLS with the mail exchangers of one domain on one UTC day (RFC 8460).
// Read only; days are forgotten by themselves.
#include <fmt/format.h>

#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"
#include "services/tlsrpt/day_record.h"

namespace pidge::admin {
namespace {

using tlsrpt::Day;
using tlsrpt::DayKey;

constexpr std::array<std::string_view, 8> report_properties = {
    "id", "day", "domain", "successes", "failures", "policies", "state", "nextTry"};
constexpr std::size_t page = 500;

// "2026-11-21.example.org"
std::string id_of(const DayKey& key) {
    return utc_text(key.day).substr(0, 10) + "." + key.domain;
}

std::optional<DayKey> key_of(std::string_view id) {
    if (id.size() < 12 || id[10] != '.') return std::nullopt;
    const auto day = parse_utc(std::string(id.substr(0, 10)) + "T00:00:00Z");
    if (!day) return std::nullopt;
    return DayKey{std::chrono::floor<std::chrono::days>(*day), std::string(id.substr(11))};
}

json::Object encode(const tlsrpt::Failure& failure) {
    return {{"result", tlsrpt::result_type_name(failure.result.type)},
            {"reason", failure.result.reason},
            {"host", failure.receiving_host},
            {"address", failure.receiving_address},
            {"sessions", failure.sessions}};
}

json::Object encode(const tlsrpt::Summary& summary) {
    json::Array details;
    for (const tlsrpt::Failure& failure : summary.details) details.push_back(encode(failure));
    return {{"type", tlsrpt::policy_type_name(summary.policy.type)},
            {"policy", texts(summary.policy.strings)},
            {"successes", summary.successes},
            {"failures", summary.failures},
            {"details", std::move(details)}};
}

// "counting", "waiting": to be sent; "sent"; "unwanted": or could not be sent.
std::string_view state_of_day(const DayKey& key, const Day& day, WallTime now) {
    if (day.is_reported) return "sent";
    if (day.is_settled) return "unwanted";
    return now < key.day + std::chrono::days(1) ? "counting" : "waiting";
}

json::Object encode(const DayKey& key, const Day& day, WallTime now) {
    std::uint64_t successes = 0, failures = 0;
    json::Array policies;
    for (const tlsrpt::Summary& summary : day.policies) {
        successes += summary.successes;
        failures += summary.failures;
        policies.push_back(encode(summary));
    }
    const bool is_tried = day.next_try != WallTime{} && !day.is_settled;
    return {{"id", id_of(key)},
            {"day", utc_text(key.day).substr(0, 10)},
            {"domain", key.domain},
            {"successes", successes},
            {"failures", failures},
            {"policies", std::move(policies)},
            {"state", state_of_day(key, day, now)},
            {"nextTry", is_tried ? json::Value(utc_text(day.next_try)) : json::Value()}};
}

class TlsReportType final : public DataType {
 public:
    explicit TlsReportType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "TlsReport"; }
    std::span<const std::string_view> properties() const override { return report_properties; }
    // Counts change without a word; a client asks again.
    net::Task<std::string> state() override { co_return utc_text(parts_.clock.now()); }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto key = key_of(id);
        if (!key) co_return std::nullopt;
        const auto record = co_await parts_.store.get(store::Space::tlsrpt, key->bytes());
        const auto day = record ? tlsrpt::read_day(*record) : std::nullopt;
        if (!day) co_return std::nullopt;
        co_return encode(*key, *day, parts_.clock.now());
    }

    // By day and domain.
    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        CO_TRY(check_filter(request.filter, {"domain", "text"}));
        const std::string domain = CO_TRY(filter_text(request.filter, "domain"));
        const std::string text = CO_TRY(filter_text(request.filter, "text"));
        std::vector<Sortable> found;
        store::ScanOptions options{.limit = page};
        for (;;) {
            const auto items = co_await parts_.store.scan(store::Space::tlsrpt, options);
            for (const store::Item& item : items) {
                const auto key = DayKey::read(item.key);
                if (!key || (!domain.empty() && key->domain != domain)) continue;
                if (!contains_text(key->domain, text)) continue;
                found.push_back({id_of(*key), id_of(*key)});
            }
            if (items.size() < page) break;
            options.from = items.back().key + '\0';
        }
        co_return ordered(std::move(found), request.is_ascending);
    }

 private:
    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> tls_report_type(Parts& parts) {
    return std::make_unique<TlsReportType>(parts);
}

}  // namespace pidge::admin
