#include <doctest/doctest.h>

#include "base/text.h"
#include "formats/json/text.h"
#include "formats/message/mime_reader.h"
#include "formats/message/verdict.h"
#include "formats/tlsrpt/record.h"
#include "formats/tlsrpt/report.h"

using namespace pidge;
using tlsrpt::PolicyType;
using tlsrpt::ResultType;

namespace {

std::string places(std::vector<std::string> records) {
    std::string text;
    for (const tlsrpt::Place& place : tlsrpt::find_places(records)) text += place.text() + " ";
    return text;
}

tlsrpt::Report report() {
    using std::chrono::sys_days;
    using namespace std::chrono_literals;
    const WallTime start = sys_days{2016y / 8 / 1};
    return {.organisation = "site.example",
            .contact = {.local_part = "postmaster", .domain = "site.example"},
            .id = "abc@site.example",
            .domain = "example.org",
            .start = start,
            .end = start + 24h - 1s,
            .policies = {{.policy = {.type = PolicyType::sts,
                                     .domain = "example.org",
                                     .strings = {"version: STSv1", "mode: testing"},
                                     .hosts = {"*.example.org"}},
                          .successes = 5326,
                          .failures = 3,
                          .details = {{.result = {ResultType::certificate_expired, "too \"old\""},
                                       .sending_address = "2001:db8::1",
                                       .receiving_host = "mx1.example.org",
                                       .receiving_address = "192.0.2.1",
                                       .sessions = 3}}},
                         {.policy = {.domain = "example.org"}, .successes = 1}}};
}

}  // namespace

TEST_CASE("a record tells where reports go") {
    CHECK(places({"v=TLSRPTv1;rua=mailto:reports@example.com"}) == "mailto:reports@example.com ");
    CHECK(places({"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"}) ==
          "https://reporting.example.com/v1/tlsrpt ");
    CHECK(places({"v=spf1",
                  "v=TLSRPTv1 ; x=y; rua=mailto:a%2Bb@example.com , https://R.example"
                  ":8443?x=1;"}) == "mailto:a+b@example.com https://r.example:8443/?x=1 ");
}

TEST_CASE("places that cannot be reached, and records that cannot be read, are left out") {
    for (const std::vector<std::string>& records : std::vector<std::vector<std::string>>{
             {},
             {"v=TLSRPTv1"},
             {"v=TLSRPTv1;"},
             {"v=TLSRPTv2; rua=mailto:a@example.com"},
             {"rua=mailto:a@example.com; v=TLSRPTv1"},
             {"v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com"},
             {"v=TLSRPTv1; rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:b@example.com"},
             {"v=TLSRPTv1; rua=http://example.com/"},
             {"v=TLSRPTv1; rua=mailto:a"},
             {"v=TLSRPTv1; rua=mailto:a%0Ab@example.com"},
             {"v=TLSRPTv1; rua=mailto:a%2@example.com"},
             {"v=TLSRPTv1; rua=https://user@example.com/"},
             {"v=TLSRPTv1; rua=https://192.0.2.1/"},
             {"v=TLSRPTv1; rua=https://example.com:0/"},
             {"v=TLSRPTv1; rua=https://example.com/a b"},
             {"v=TLSRPTv1; rua=https:example.com"}})
        CHECK(places(records) == "");
    std::string many = "v=TLSRPTv1; rua=mailto:a@example.com";
    for (int i = 0; i < 100; ++i) many += ",mailto:a@example.com";
    CHECK(tlsrpt::find_places({many}).size() == 5);
}

TEST_CASE("a report has the form of RFC 8460 §4.4") {
    CHECK(tlsrpt::json_of(report()) ==
          "{\"organization-name\":\"site.example\",\"date-range\":{\"start-datetime\":"
          "\"2016-08-01T00:00:00Z\",\"end-datetime\":\"2016-08-01T23:59:59Z\"},\"contact-info\":"
          "\"postmaster@site.example\",\"report-id\":\"abc@site.example\",\"policies\":[{"
          "\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\",\"mode: "
          "testing\"],\"policy-domain\":\"example.org\",\"mx-host\":[\"*.example.org\"]},"
          "\"summary\":{\"total-successful-session-count\":5326,"
          "\"total-failure-session-count\":3},\"failure-details\":[{\"result-type\":"
          "\"certificate-expired\",\"sending-mta-ip\":\"2001:db8::1\",\"receiving-mx-hostname\":"
          "\"mx1.example.org\",\"receiving-ip\":\"192.0.2.1\",\"failed-session-count\":3,"
          "\"failure-reason-code\":\"too \\\"old\\\"\"}]},{\"policy\":{\"policy-type\":"
          "\"no-policy-found\",\"policy-domain\":\"example.org\"},\"summary\":{"
          "\"total-successful-session-count\":1,\"total-failure-session-count\":0}}]}");
    CHECK(tlsrpt::file_name(report()) == "site.example!example.org!1470009600!1470095999.json.gz");
}

TEST_CASE("a report travels as multipart/report with the fields of RFC 8460 §5.3") {
    const std::string gzip("\x1f\x8b\x00\xff", 4);
    const Bytes message =
        tlsrpt::message_of(report(), gzip, {.local_part = "r", .domain = "example.org"},
                           WallTime(std::chrono::seconds(1'470'100'000)));
    const auto structure = message::read_structure(message);
    CHECK(message::strict_verdict(structure).conformity == message::Conformity::conform);
    REQUIRE(structure.parts.size() == 3);
    CHECK(structure.parts[0].content_type.is("multipart", "report"));
    const auto& machine = structure.parts[2];
    CHECK(machine.content_type.is("application", "tlsrpt+gzip"));
    CHECK(message::decoded(machine.body.in(message), machine.encoding) == gzip);
    const auto header = message::Header::parse(message);
    CHECK(header.find_text("TLS-Report-Domain") == "example.org");
    CHECK(header.find_text("TLS-Report-Submitter") == "site.example");
    CHECK(header.find_text("Subject") ==
          "Report Domain: example.org Submitter: site.example Report-ID: <abc@site.example>");
}

TEST_CASE("what OpenSSL says of a certificate has its name in a report") {
    const auto type = [](const char* error) { return tlsrpt::certificate_result(error).type; };
    CHECK(type("TLS: certificate verify failed: hostname mismatch") ==
          ResultType::certificate_host_mismatch);
    CHECK(type("certificate has expired") == ResultType::certificate_expired);
    CHECK(type("self-signed certificate in certificate chain") ==
          ResultType::certificate_not_trusted);
    CHECK(type("wrong version number") == ResultType::validation_failure);
    CHECK(tlsrpt::certificate_result("a\r\nb").reason == text::printable("a\r\nb"));
    for (int i = 0; i < tlsrpt::result_types; ++i)
        CHECK_FALSE(tlsrpt::result_type_name(static_cast<ResultType>(i)).empty());
}
