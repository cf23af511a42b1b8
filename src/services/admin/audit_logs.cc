#include "services/admin/audit_logs.h"

#include <fmt/format.h>

#include "base/text.h"
#include "formats/json/place.h"

namespace pidge::admin {
namespace {

Result<std::string> read_verify(const json::Value& arguments) {
    const json::Place in(arguments);
    TRY(in.only({"accountId", "log"}));
    return TRY(in.find_string("log")).value_or("");
}

std::string_view verdict_name(audit::Verdict::Kind kind) {
    constexpr std::array<std::string_view, 3> names = {"sound", "altered", "gap"};
    return names[static_cast<std::size_t>(kind)];
}

audit::Verdict::Kind worst(const std::vector<audit::Verdict>& verdicts) {
    using Kind = audit::Verdict::Kind;
    for (const Kind kind : {Kind::altered, Kind::gap})
        for (const audit::Verdict& verdict : verdicts)
            if (verdict.kind == kind) return kind;
    return Kind::sound;
}

json::Object encode(const audit::Verdict& verdict) {
    const std::string_view chain(reinterpret_cast<const char*>(verdict.end.chain.data()),
                                 verdict.end.chain.size());
    return {{"log", text::printable(verdict.log)},
            {"verdict", verdict_name(verdict.kind)},
            {"entries", verdict.entries},
            {"firstBad", verdict.first_bad},
            {"text", verdict.text},
            {"lastNumber", verdict.end.number},
            {"chain", text::hex(chain)}};
}

}  // namespace

net::Task<Result<>> check_log(audit::Trail& trail, std::string log) {
    std::string all;
    for (const audit::Log& each : co_await trail.logs()) {
        if (each.name == log) co_return Result<>{};
        all += fmt::format("{}{}", all.empty() ? "" : ", ", text::printable(each.name));
    }
    co_return Refusal{
        .kind = Refusal::Kind::not_found,
        .text = fmt::format("There is no log {}; there are {}.", text::printable(log, 200), all)};
}

net::Task<MethodResult> audit_logs(Parts& parts) {
    json::Array logs;
    for (const audit::Log& log : co_await parts.trail.logs())
        logs.push_back(json::Object{{"log", text::printable(log.name)},
                                    {"entries", log.entries},
                                    {"isOwn", log.name == parts.trail.log()}});
    co_return json::Object{{"accountId", site_account}, {"logs", std::move(logs)}};
}

// The trail is examined before the look at it is recorded, so that the record hides nothing; and
// where it takes no entry any more it can be examined all the same.
net::Task<MethodResult> audit_verify(Parts& parts, Caller caller, json::Object arguments) {
    const json::Value given(std::move(arguments));
    const auto wanted = read_verify(given);
    if (!wanted) co_return std::unexpected(error_of(wanted.error()));
    std::vector<audit::Verdict> verdicts;
    for (const audit::Log& log : co_await parts.trail.logs())
        if (wanted->empty() || log.name == *wanted)
            verdicts.push_back(co_await parts.trail.verify(log.name));
    if (verdicts.empty()) {
        const auto checked = co_await check_log(parts.trail, *wanted);
        co_return std::unexpected(error_of(checked.error()));
    }
    json::Object out{{"accountId", site_account}};
    out.set("verdict", verdict_name(worst(verdicts)));
    json::Array logs;
    for (const audit::Verdict& verdict : verdicts) logs.push_back(encode(verdict));
    out.set("logs", std::move(logs));
    try {
        co_await record_access(parts, std::move(caller), "AuditEntry/verify", *wanted);
    } catch (const store::Fault& fault) {
        out.set("unrecorded", fault.what());
    }
    co_return out;
}

}  // namespace pidge::admin
