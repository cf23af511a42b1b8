#include <fmt/format.h>

#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"

namespace pidge::command {
namespace {

constexpr std::size_t list_most = 10'000;

// "sts, tlsa"
std::string policies_of(const json::Value& report) {
    std::string names;
    for (const json::Value& policy : report.find("policies")->array())
        names += (names.empty() ? "" : ", ") + text_of(policy, "type");
    return names;
}

// What went wrong most often, with the host.
std::string worst_of(const json::Value& report) {
    std::int64_t most = 0;
    std::string worst;
    for (const json::Value& policy : report.find("policies")->array()) {
        for (const json::Value& detail : policy.find("details")->array()) {
            const std::int64_t sessions = detail.find("sessions")->integer();
            if (sessions <= most) continue;
            most = sessions;
            worst = text_of(detail, "result") + " " + text_of(detail, "host");
        }
    }
    return worst;
}

Result<> list(Call& call) {
    json::Object query;
    if (call.given.has("--domain"))
        query.set("filter", json::Object{{"domain", call.given.text("--domain")}});
    const json::Array reports = TRY(call.list("TlsReport", std::move(query), list_most));
    if (call.wants_json) {
        call.print_json(reports);
        return {};
    }
    if (reports.empty()) {
        call.print("Nothing was counted yet.");
        return {};
    }
    Table table({"day", "domain", "policies", "good", "failed", "most often", "report"});
    for (const json::Value& report : reports)
        table.add({text_of(report, "day"), text_of(report, "domain"), policies_of(report),
                   text_of(report, "successes"), text_of(report, "failures"), worst_of(report),
                   text_of(report, "state")});
    call.print(table.text());
    return {};
}

}  // namespace

std::vector<Verb> tls_report_verbs() {
    return {
        {.words = "tls-report list",
         .summary = "Show what came of TLS with other sites' mail exchangers",
         .details = "By UTC day and domain: how many connections were protected as the domain asks "
                    "(DANE, MTA-STS) or as well as it offers, how many were not, and why. When the "
                    "day is over it is reported to domains that ask for it (RFC 8460). --json "
                    "has all details.",
         .arguments = {{.name = "--domain", .help = "Of this domain only."}},
         .examples = {"pidge tls-report list --domain example.org"},
         .run = list},
    };
}

}  // namespace pidge::command
