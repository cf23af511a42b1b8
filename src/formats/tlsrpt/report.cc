#include "formats/tlsrpt/report.h"

#include "formats/date/date.h"
#include "formats/json/text.h"
#include "formats/message/codec.h"
#include "formats/message/header_edit.h"

namespace pidge::tlsrpt {

namespace {

std::int64_t seconds_of(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string two(unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
}

// RFC 3339 §5.6
std::string utc_text(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    const auto count = [](auto duration) { return two(static_cast<unsigned>(duration.count())); };
    return std::to_string(int(date.year())) + "-" + two(unsigned(date.month())) + "-" +
           two(unsigned(date.day())) + "T" + count(clock.hours()) + ":" + count(clock.minutes()) +
           ":" + count(clock.seconds()) + "Z";
}

json::Array texts(const std::vector<std::string>& items) {
    json::Array array;
    for (const std::string& item : items) array.push_back(item);
    return array;
}

json::Object policy_of(const Policy& policy) {
    json::Object object{{"policy-type", policy_type_name(policy.type)}};
    if (!policy.strings.empty()) object.set("policy-string", texts(policy.strings));
    object.set("policy-domain", policy.domain);
    if (!policy.hosts.empty()) object.set("mx-host", texts(policy.hosts));
    return object;
}

json::Object failure_of(const Failure& failure) {
    json::Object object{{"result-type", result_type_name(failure.result.type)}};
    const auto set = [&object](const char* name, const std::string& value) {
        if (!value.empty()) object.set(name, value);
    };
    set("sending-mta-ip", failure.sending_address);
    set("receiving-mx-hostname", failure.receiving_host);
    set("receiving-ip", failure.receiving_address);
    object.set("failed-session-count", failure.sessions);
    set("failure-reason-code", failure.result.reason);
    return object;
}

json::Object summary_of(const Summary& summary) {
    json::Object object{
        {"policy", policy_of(summary.policy)},
        {"summary", json::Object{{"total-successful-session-count", summary.successes},
                                 {"total-failure-session-count", summary.failures}}}};
    json::Array details;
    for (const Failure& failure : summary.details) details.push_back(failure_of(failure));
    if (!details.empty()) object.set("failure-details", std::move(details));
    return object;
}

}  // namespace

std::string json_of(const Report& report) {
    json::Array policies;
    for (const Summary& summary : report.policies) policies.push_back(summary_of(summary));
    return json::serialise(
        json::Object{{"organization-name", report.organisation},
                     {"date-range", json::Object{{"start-datetime", utc_text(report.start)},
                                                 {"end-datetime", utc_text(report.end)}}},
                     {"contact-info", report.contact.text()},
                     {"report-id", report.id},
                     {"policies", std::move(policies)}});
}

std::string file_name(const Report& report) {
    return report.contact.domain + "!" + report.domain + "!" +
           std::to_string(seconds_of(report.start)) + "!" + std::to_string(seconds_of(report.end)) +
           ".json.gz";
}

Bytes message_of(const Report& report, ByteView gzip, const address::Mailbox& to, WallTime now) {
    const std::string& submitter = report.contact.domain;
    const std::string boundary = "=_" + report.id.substr(0, report.id.find('@'));
    Bytes out;
    const auto field = [&out](std::string_view name, const std::string& body) {
        out += message::folded_field(name, body);
    };
    field("From", report.contact.text());
    field("To", to.text());
    field("Date", date::text(now));
    field("Message-ID", "<" + report.id + ">");
    field("Subject", "Report Domain: " + report.domain + " Submitter: " + submitter +
                         " Report-ID: <" + report.id + ">");
    field("TLS-Report-Domain", report.domain);
    field("TLS-Report-Submitter", submitter);
    field("Auto-Submitted", "auto-generated");
    field("MIME-Version", "1.0");
    field("Content-Type",
          "multipart/report; report-type=\"tlsrpt\"; boundary=\"" + boundary + "\"");
    out += "\r\n--" + boundary + "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
    out += "This is an aggregate TLS report about " + report.domain + "\r\nfrom " + submitter +
           " (RFC 8460), made for programs.\r\n";
    out += "\r\n--" + boundary + "\r\n";
    field("Content-Type", "application/tlsrpt+gzip");
    field("Content-Transfer-Encoding", "base64");
    field("Content-Disposition", "attachment; filename=\"" + file_name(report) + "\"");
    out += "\r\n";
    out += message::encoded(gzip, message::Encoding::base64, message::Encoder::Content::binary);
    out += "\r\n--" + boundary + "--\r\n";
    return out;
}

}  // namespace pidge::tlsrpt
