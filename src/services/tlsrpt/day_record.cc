#include "services/tlsrpt/day_record.h"

#include <algorithm>

#include "formats/record/record.h"
#include "services/tlsrpt/limits.h"

namespace pidge::tlsrpt {

namespace {

constexpr std::uint8_t version = 1;

namespace day_field {
enum Number : std::uint32_t { summary = 1, settled = 2, reported = 3, next_try = 4 };
}
namespace summary_field {
enum Number : std::uint32_t {
    type = 1,
    domain = 2,
    string = 3,
    host = 4,
    successes = 5,
    failures = 6,
    detail = 7
};
}
namespace detail_field {
enum Number : std::uint32_t {
    type = 1,
    reason = 2,
    sending = 3,
    receiving_host = 4,
    receiving = 5,
    sessions = 6
};
}

Bytes record_of(const Failure& failure) {
    record::Writer out(version);
    out.number(detail_field::type, static_cast<std::uint64_t>(failure.result.type));
    out.bytes(detail_field::reason, failure.result.reason);
    out.bytes(detail_field::sending, failure.sending_address);
    out.bytes(detail_field::receiving_host, failure.receiving_host);
    out.bytes(detail_field::receiving, failure.receiving_address);
    out.number(detail_field::sessions, failure.sessions);
    return out.take();
}

std::optional<Failure> read_failure(std::string_view record) {
    Failure failure;
    record::Reader in(record);
    while (const auto field = in.next()) {
        switch (field->number) {
            case detail_field::type:
                if (field->value >= result_types) return std::nullopt;
                failure.result.type = static_cast<ResultType>(field->value);
                break;
            case detail_field::reason:
                failure.result.reason = field->bytes;
                break;
            case detail_field::sending:
                failure.sending_address = field->bytes;
                break;
            case detail_field::receiving_host:
                failure.receiving_host = field->bytes;
                break;
            case detail_field::receiving:
                failure.receiving_address = field->bytes;
                break;
            case detail_field::sessions:
                failure.sessions = field->value;
                break;
        }
    }
    if (in.is_broken()) return std::nullopt;
    return failure;
}

Bytes record_of(const Summary& summary) {
    record::Writer out(version);
    out.number(summary_field::type, static_cast<std::uint64_t>(summary.policy.type));
    out.bytes(summary_field::domain, summary.policy.domain);
    for (const std::string& string : summary.policy.strings)
        out.element(summary_field::string, string);
    for (const std::string& host : summary.policy.hosts) out.element(summary_field::host, host);
    out.number(summary_field::successes, summary.successes);
    out.number(summary_field::failures, summary.failures);
    for (const Failure& failure : summary.details)
        out.element(summary_field::detail, record_of(failure));
    return out.take();
}

std::optional<Summary> read_summary(std::string_view record) {
    Summary summary;
    record::Reader in(record);
    while (const auto field = in.next()) {
        switch (field->number) {
            case summary_field::type:
                if (field->value > static_cast<std::uint64_t>(PolicyType::tlsa))
                    return std::nullopt;
                summary.policy.type = static_cast<PolicyType>(field->value);
                break;
            case summary_field::domain:
                summary.policy.domain = field->bytes;
                break;
            case summary_field::string:
                summary.policy.strings.emplace_back(field->bytes);
                break;
            case summary_field::host:
                summary.policy.hosts.emplace_back(field->bytes);
                break;
            case summary_field::successes:
                summary.successes = field->value;
                break;
            case summary_field::failures:
                summary.failures = field->value;
                break;
            case summary_field::detail: {
                auto failure = read_failure(field->bytes);
                if (!failure) return std::nullopt;
                summary.details.push_back(*std::move(failure));
                break;
            }
        }
    }
    if (in.is_broken()) return std::nullopt;
    return summary;
}

bool is_same(const Failure& a, const Failure& b) {
    return a.result == b.result && a.sending_address == b.sending_address &&
           a.receiving_host == b.receiving_host && a.receiving_address == b.receiving_address;
}

void add_detail(std::vector<Failure>& details, const Failure& failure) {
    for (Failure& known : details) {
        if (!is_same(known, failure)) continue;
        known.sessions += failure.sessions;
        return;
    }
    if (details.size() < limits::details_max) details.push_back(failure);
}

}  // namespace

void Day::add(const Day& other) {
    for (const Summary& summary : other.policies) {
        auto known = std::ranges::find(policies, summary.policy, &Summary::policy);
        if (known == policies.end()) {
            if (policies.size() >= limits::policies_max) continue;
            policies.push_back({.policy = summary.policy});
            known = policies.end() - 1;
        }
        known->successes += summary.successes;
        known->failures += summary.failures;
        for (const Failure& failure : summary.details) add_detail(known->details, failure);
    }
}

Bytes DayKey::bytes() const {
    const auto count = static_cast<std::uint64_t>(day.time_since_epoch().count());
    return record::big_endian(count) + domain;
}

std::optional<DayKey> DayKey::read(std::string_view bytes) {
    const auto count = record::read_big_endian(bytes.substr(0, 8));
    if (!count || *count > INT32_MAX) return std::nullopt;
    return DayKey{std::chrono::sys_days(std::chrono::days(static_cast<int>(*count))),
                  std::string(bytes.substr(8))};
}

Bytes record_of(const Day& day) {
    record::Writer out(version);
    for (const Summary& summary : day.policies) out.element(day_field::summary, record_of(summary));
    out.number(day_field::settled, day.is_settled ? 1 : 0);
    out.number(day_field::reported, day.is_reported ? 1 : 0);
    out.signed_number(day_field::next_try, day.next_try.time_since_epoch().count());
    return out.take();
}

std::optional<Day> read_day(std::string_view record) {
    Day day;
    record::Reader in(record);
    while (const auto field = in.next()) {
        switch (field->number) {
            case day_field::summary: {
                auto summary = read_summary(field->bytes);
                if (!summary) return std::nullopt;
                day.policies.push_back(*std::move(summary));
                break;
            }
            case day_field::settled:
                day.is_settled = field->value != 0;
                break;
            case day_field::reported:
                day.is_reported = field->value != 0;
                break;
            case day_field::next_try:
                day.next_try = WallTime(std::chrono::microseconds(field->signed_value()));
                break;
        }
    }
    if (in.is_broken() || in.version() != version) return std::nullopt;
    return day;
}

}  // namespace pidge::tlsrpt
