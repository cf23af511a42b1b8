// Who is told what, through the whole relay.
#include <doctest/doctest.h>

#include <algorithm>

#include "services/relay/testing/world.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::relay;
using namespace pidge::relay::testing;
using namespace std::chrono_literals;
using Kind = queue::RecipientResult::Kind;

namespace {

struct Sent {
    std::string to;
    std::string body;
};

// What is reported about a message that meets this answer; reports stay in the queue.
std::vector<Sent> reports_about(Message message, Kind answer, bool passes_reports_on = false) {
    std::vector<Sent> sent;
    const auto scene = [](Message what, Kind kind, bool passes_on,
                          std::vector<Sent>& out) -> net::Task<void> {
        World w;
        w.courier.site("mx:example.org").answer = kind;
        w.courier.site("mx:example.org").passes_reports_on = passes_on;
        for (const char* home : {"mx:site.example", "mx:elsewhere.example"})
            w.courier.site(home).is_reachable = false;
        co_await w.put(std::move(what));
        // What is discarded goes to nobody.
        const auto is_tried = [&] {
            return !w.courier.deliveries.empty() || w.courier.connects.contains("mx:site.example");
        };
        co_await w.until(is_tried);
        co_await w.rest();
        const auto entries = co_await w.queued();
        for (const queue::Entry& entry : entries) {
            if (entry.principal != "mailer-daemon") continue;
            CHECK_FALSE(entry.sender);
            CHECK(entry.recipients.size() == 1);
            CHECK_FALSE(entry.recipients[0].wants_failure());
            const std::string body = co_await w.body_of(entry);
            out.push_back({entry.recipients[0].address.text(), body});
        }
        const auto told = co_await w.audited(audit::Type::dsn_sent);
        CHECK(told.size() == out.size());
        co_await w.relay->drain();
    };
    net::run(scene(std::move(message), answer, passes_reports_on, sent));
    return sent;
}

bool has(const Sent& sent, std::string_view text) {
    return sent.body.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a sender who logged in hears of a failure, in words and for programs") {
    const auto sent = reports_about({.edit =
                                         [](queue::Entry& e) {
                                             e.envelope_id = "QQ314159";
                                             e.recipients[0].original = "rfc822;bob@alias.example";
                                         }},
                                    Kind::permanent);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == "alice@site.example");
    for (const char* text :
         {"From: ", "To: ", "Auto-Submitted: auto-", "multipart/report",
          "Reporting-MTA: dns; relay.site.example", "Original-Envelope-Id: QQ314159",
          "Original-Recipient: rfc822;", "bob@alias.example", "Final-Recipient: rfc822;",
          "bob@example.org", "Action: failed", "Status: 5.1.1",
          "Diagnostic-Code: smtp; 550 5.1.1 no such user", "mx.example said: 550 5.1.1 no such",
          "Subject: hello"}) {
        CAPTURE(std::string(text));
        CHECK(has(sent[0], text));
    }
    // RFC 3461 §6.2, attacks.md R06: the header only.
    CHECK_FALSE(has(sent[0], "\r\nHello\r\n"));
}

TEST_CASE("the whole message comes back to a sender who logged in and asked for it") {
    const auto whole = [](queue::Entry& e) { e.ret = queue::Return::full; };
    const auto sent = reports_about({.edit = whole}, Kind::permanent);
    REQUIRE(sent.size() == 1);
    CHECK(has(sent[0], "\r\nHello\r\n"));
}

TEST_CASE("[R06] a report goes only to whom somebody vouches for, else to the postmaster") {
    // From outside, with a sender that nothing vouches for.
    auto sent =
        reports_about({.sender = "victim@elsewhere.example", .principal = ""}, Kind::permanent);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == "postmaster@site.example");
    // From outside, with one of our own addresses.
    sent = reports_about({.principal = ""}, Kind::permanent);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == "alice@site.example");
    // A report that fails.
    sent = reports_about({.sender = "", .principal = ""}, Kind::permanent);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == "postmaster@site.example");
    // [R05] It ends there.
    sent = reports_about({.destination = "mx:example.org",
                          .sender = "",
                          .recipients = {"Postmaster@site.example"},
                          .principal = ""},
                         Kind::permanent);
    CHECK(sent.empty());
}

TEST_CASE("NOTIFY decides: NEVER is silent, SUCCESS is told by the last one who can") {
    const auto notify = [](bool success, bool failure, bool delay) {
        return [=](queue::Entry& e) {
            auto& recipient = e.recipients[0];
            recipient.notify_given = true;
            recipient.notify_success = success;
            recipient.notify_failure = failure;
            recipient.notify_delay = delay;
        };
    };
    CHECK(reports_about({.edit = notify(false, false, false)}, Kind::permanent).empty());
    CHECK(reports_about({}, Kind::accepted).empty());
    CHECK(reports_about({.edit = notify(true, false, false)}, Kind::accepted, true).empty());
    const auto sent = reports_about({.edit = notify(true, false, false)}, Kind::accepted);
    REQUIRE(sent.size() == 1);
    CHECK(has(sent[0], "Action: relayed"));
    CHECK(has(sent[0], "Status: 2.0.0"));
}

// RFC 3461 §5.2.7.3 (c).
TEST_CASE("the sender hears that a role was sent on to its members, where that was asked for") {
    const auto sent = reports_about({.destination = "discard",
                                     .recipients = {"abuse@site.example"},
                                     .edit =
                                         [](queue::Entry& e) {
                                             e.recipients[0].notify_given = true;
                                             e.recipients[0].notify_success = true;
                                             e.recipients[0].is_expanded = true;
                                         }},
                                    Kind::accepted);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == "alice@site.example");
    CHECK(has(sent[0], "Final-Recipient: rfc822;abuse@site.example"));
    CHECK(has(sent[0], "Action: expanded"));
    CHECK(has(sent[0], "Status: 2.0.0"));
    CHECK_FALSE(has(sent[0], "discarded"));
}

TEST_CASE("a message that waits is announced once, and given up after five days") {
    const auto waited = [](std::chrono::hours hours, std::uint32_t attempts) {
        return [=](queue::Entry& e) {
            e.waited = hours;
            e.attempts = attempts;
        };
    };
    CHECK(reports_about({.edit = waited(1h, 3)}, Kind::temporary).empty());
    auto sent = reports_about({.edit = waited(4h, 6)}, Kind::temporary);
    REQUIRE(sent.size() == 1);
    CHECK(has(sent[0], "Action: delayed"));
    CHECK(has(sent[0], "Status: 4.2.0"));
    CHECK(has(sent[0], "Will-Retry-Until: "));
    sent = reports_about({.edit = waited(121h, 35)}, Kind::temporary);
    REQUIRE(sent.size() == 1);
    CHECK(has(sent[0], "Action: failed"));
    CHECK(has(sent[0], "Status: 4.4.7"));
}
