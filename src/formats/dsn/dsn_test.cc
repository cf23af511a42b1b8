#include <doctest/doctest.h>

#include "base/text.h"
#include "formats/dsn/explain.h"
#include "formats/dsn/limits.h"
#include "formats/dsn/read.h"
#include "formats/message/mime_reader.h"
#include "formats/message/verdict.h"

using namespace pidge;
using dsn::Action;

namespace {

const WallTime noon =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(12);

dsn::Report report_of(Action action, EnhancedStatus status) {
    dsn::Report report;
    report.reporting_mta = "mx.site.example";
    report.from = *address::parse_mailbox("postmaster@site.example");
    report.to = *address::parse_mailbox("alice@site.example");
    report.message_id = "1234@site.example";
    report.date = noon;
    report.arrival = noon - std::chrono::hours(4);
    dsn::RecipientStatus recipient;
    recipient.final_recipient = "bob@other.example";
    recipient.action = action;
    recipient.status = status;
    report.recipients.push_back(recipient);
    report.returned = "From: alice@site.example\r\nSubject: hello\r\n\r\nbody\r\n";
    return report;
}

struct Written {
    Bytes bytes;
    message::Structure structure;
    dsn::DeliveryStatus status;
    std::string words;
};

// Writes, and checks what must hold of every report.
Written written(const dsn::Report& report) {
    Written out;
    out.bytes = dsn::write(report);
    out.structure = message::read_structure(out.bytes);
    const auto verdict = message::strict_verdict(out.structure);
    CHECK_MESSAGE(verdict.conformity == message::Conformity::conform, verdict.text);
    CHECK(text::is_valid_utf8(out.bytes));
    CHECK_FALSE(out.bytes.contains('\x1b'));
    REQUIRE(out.structure.parts.size() >= 3);
    CHECK(out.structure.parts[0].content_type.text() == "multipart/report");
    auto status = dsn::read_status(out.structure.find("2")->body.in(out.bytes));
    REQUIRE(status);
    out.status = *status;
    out.words = out.structure.find("1")->body.in(out.bytes);
    for (const auto line : text::split(out.words, '\n'))
        CHECK(line.size() <= dsn::foreign_text_octets_max + 30);
    return out;
}

}  // namespace

TEST_CASE("a report says in plain words what happened, and to machines what RFC 3464 asks") {
    dsn::Report report = report_of(Action::failed, {5, 1, 1});
    report.envelope_id = "QQ314159";
    report.recipients[0].original_recipient = "rfc822;Bob@other.example";
    report.recipients[0].remote_mta = "mx.other.example";
    report.recipients[0].reply_code = 550;
    report.recipients[0].diagnostic = "5.1.1 <bob@other.example>: no such user";
    report.recipients[0].last_attempt = noon;
    const Written out = written(report);
    CHECK(out.words.contains("<bob@other.example>"));
    CHECK(out.words.contains("There is no mailbox with this address."));
    CHECK(out.words.contains("What to do: Check the spelling"));
    CHECK(out.words.contains("mx.other.example said: 550 5.1.1"));
    CHECK(out.status.reporting_mta == "mx.site.example");
    CHECK(out.status.envelope_id == "QQ314159");
    const dsn::RecipientStatus& recipient = out.status.recipients.at(0);
    CHECK(recipient.final_recipient == "bob@other.example");
    CHECK(recipient.original_recipient == "rfc822;Bob@other.example");
    CHECK(recipient.action == Action::failed);
    CHECK(recipient.status == EnhancedStatus{5, 1, 1});
    CHECK(recipient.reply_code == 550);
    CHECK(recipient.diagnostic == report.recipients[0].diagnostic);
    CHECK(recipient.last_attempt == noon);
    CHECK(out.structure.find("3")->content_type.text() == "text/rfc822-headers");
    CHECK(out.structure.find("3")->body.in(out.bytes) ==
          "From: alice@site.example\r\nSubject: hello\r\n");
    const auto header = message::Header::parse(out.bytes);
    CHECK(header.find_text("Auto-Submitted") == "auto-replied");
    CHECK(header.find_text("To") == "<alice@site.example>");
    CHECK(header.find_text("Date") == "Sat, 21 Nov 2026 12:00:00 +0000");
}

// RFC 3464 §2.2.1, §2.3.1, §2.3.2: what they are compared with has them.
TEST_CASE("addresses and ENVID keep their spaces") {
    dsn::Report report = report_of(Action::failed, {5, 1, 1});
    report.envelope_id = "a b  c";
    report.recipients[0].original_recipient = "rfc822;\"jo  hn\"@else.example";
    report.recipients[0].final_recipient =
        "\"john  smith " + std::string(300, 'x') + "\"@other.example";
    const Written out = written(report);
    CHECK(out.words.contains("\r\n<" + report.recipients[0].final_recipient + ">\r\n"));
    CHECK(out.status.envelope_id == report.envelope_id);
    CHECK(out.status.recipients.at(0).original_recipient ==
          report.recipients[0].original_recipient);
    CHECK(out.status.recipients.at(0).final_recipient == report.recipients[0].final_recipient);
}

TEST_CASE("spaces alone make no line") {
    dsn::Report report = report_of(Action::failed, {5, 1, 1});
    report.envelope_id = std::string(200, ' ') + "x" + std::string(200, ' ');
    report.recipients[0].original_recipient = "rfc822;" + std::string(200, ' ');
    const Written out = written(report);
    CHECK(out.status.envelope_id == "x");
    CHECK(out.status.recipients.at(0).original_recipient == "rfc822;");
}

TEST_CASE("nobody is said to have said what are our own words") {
    dsn::Report report = report_of(Action::failed, {5, 6, 7});
    report.recipients[0].remote_mta = "mx.other.example";
    report.recipients[0].diagnostic = "The host takes ASCII only.";
    const Written out = written(report);
    CHECK(out.words.contains("  Reason: The host takes ASCII only.\r\n"));
    CHECK(out.words.contains("  Host: mx.other.example\r\n"));
    CHECK_FALSE(out.words.contains("said"));
    CHECK(out.bytes.contains("Diagnostic-Code: x-pidge; The host takes ASCII only."));
}

TEST_CASE("a delay says how long attempts go on") {
    dsn::Report report = report_of(Action::delayed, {4, 4, 1});
    report.recipients[0].will_retry_until = noon + std::chrono::hours(116);
    const Written out = written(report);
    CHECK(out.words.contains("Attempts go on until Thu, 26 Nov 2026 08:00:00 +0000."));
    CHECK(out.status.recipients[0].will_retry_until == report.recipients[0].will_retry_until);
    CHECK(message::Header::parse(out.bytes).find_text("Subject") == "Your message is delayed");
}

TEST_CASE("every action and every status is explained") {
    for (const auto action :
         {Action::failed, Action::delayed, Action::delivered, Action::relayed, Action::expanded})
        for (std::uint16_t subject = 0; subject < 10; ++subject)
            for (std::uint16_t detail = 0; detail < 40; ++detail) {
                const auto words = dsn::explain({5, subject, detail}, action);
                CHECK_FALSE(words.meaning.empty());
                CHECK_FALSE(words.advice.empty());
            }
    CHECK(dsn::explain({5, 2, 2}, Action::failed).meaning == "The recipient's mailbox is full.");
    CHECK(dsn::explain({4, 2, 99}, Action::failed).meaning ==
          dsn::explain({5, 2, 0}, Action::failed).meaning);
}

TEST_CASE("[P15] addresses beyond ASCII make a report of RFC 6533") {
    dsn::Report report = report_of(Action::failed, {5, 6, 7});
    report.recipients[0].final_recipient = "j\xc3\xb6rg@other.example";
    report.returned =
        "Subject: gr\xc3\xbc\xc3\x9f"
        "e\r\n\r\nx\r\n";
    Written out = written(report);
    CHECK(out.structure.find("2")->content_type.text() == "message/global-delivery-status");
    CHECK(out.bytes.contains("Final-Recipient: utf-8;j\xc3\xb6rg@other.example"));
    CHECK(out.structure.find("3")->content_type.text() == "message/global-headers");
    CHECK_FALSE(dsn::needs_smtputf8(report));
    report.to = *address::parse_mailbox(
        "al\xc3\xaf"
        "ce@site.example");
    CHECK(dsn::needs_smtputf8(report));
    report.returns = dsn::Return::message;
    out = written(report);
    CHECK(out.structure.find("3")->content_type.text() == "message/global");
}

TEST_CASE("the whole message is returned when it can be, else its header") {
    dsn::Report report = report_of(Action::failed, {5, 0, 0});
    report.returns = dsn::Return::message;
    CHECK(written(report).structure.find("3")->body.in(dsn::write(report)) == report.returned);
    for (const std::string& odd :
         {std::string("A: b\r\n\r\na\rb\r\n"), "A: b\r\n\r\n" + std::string(1'000, 'x') + "\r\n",
          std::string("A: b\r\n\r\na\0b\r\n", 14), "A: b\r\n\r\n" + std::string(2'000'000, '\n')}) {
        report.returned = odd;
        const Written out = written(report);
        CHECK(out.structure.find("3")->content_type.text() == "text/rfc822-headers");
        CHECK(out.structure.find("3")->body.in(out.bytes) == "A: b\r\n");
    }
    report.returns = dsn::Return::nothing;
    CHECK(written(report).structure.parts.size() == 3);
}

TEST_CASE("a boundary in the returned message ends nothing") {
    dsn::Report report = report_of(Action::failed, {5, 0, 0});
    const std::string first = dsn::write(report);
    const std::string boundary =
        message::read_structure(first).parts[0].content_type.parameters.find("boundary")->value;
    report.returned = "A: b\r\nX: " + boundary + "\r\n\r\n";
    CHECK(written(report).structure.parts.size() == 4);
    report.returned = "A: b\r\n--" + boundary + "--\r\n\r\n";
    CHECK(written(report).structure.parts.size() == 4);
}

TEST_CASE("[F12] hostile text comes out printable and bounded") {
    dsn::Report report = report_of(Action::failed, {5, 0, 0});
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    for (const std::string& hostile :
         {all, std::string(1'000'000, 'x'), std::string(1'000'000, '\0'),
          std::string("a\r\n\r\n--x\r\nBcc: y"), std::string("\x1b[2J\xe2\x80\xae")}) {
        report.recipients[0].diagnostic = hostile;
        report.recipients[0].remote_mta = hostile;
        report.recipients[0].final_recipient = hostile;
        report.recipients[0].original_recipient = hostile;
        report.recipients[0].reply_code = 554;
        report.envelope_id = hostile;
        report.reporting_mta = hostile;
        report.message_id = hostile;
        report.returned = hostile;
        const Written out = written(report);
        CHECK(out.bytes.size() < 200'000);
        CHECK_FALSE(out.words.contains("\xe2\x80\xae"));
    }
    dsn::Report many = report_of(Action::failed, {5, 0, 0});
    many.recipients.resize(5'000, many.recipients[0]);
    const Written out = written(many);
    CHECK(out.words.contains("There are 4950 more"));
    CHECK(out.status.recipients.size() == dsn::recipients_max);
}

TEST_CASE("a status that lacks what it must have is refused") {
    const std::string good =
        "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: Failed "
        "(x)\r\nStatus: 5.1.1 (no)\r\n";
    CHECK(dsn::read_status(good)->recipients[0].final_recipient == "a@b");
    for (const char* bad :
         {"", "\r\n\r\n", "Reporting-MTA: dns; x\r\n",
          "Final-Recipient: rfc822; a@b\r\nAction: failed\r\n",
          "Final-Recipient: rfc822; a@b\r\nAction: eaten\r\nStatus: 5.1.1\r\n",
          "Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 3.1.1\r\n",
          "Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1\r\n",
          "Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1234\r\n"})
        CHECK_FALSE(dsn::read_status(bad));
}
