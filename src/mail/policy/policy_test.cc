#include <doctest/doctest.h>

#include "formats/date/date.h"
#include "mail/policy/envelope.h"
#include "mail/policy/header.h"
#include "mail/policy/refusals.h"
#include "mail/policy/route.h"

using namespace pidge;
using namespace pidge::policy;
using directory::Found;

namespace {

const WallTime now =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(12);

directory::Site site() {
    using directory::Route;
    return directory::Site(
        {{.name = "site.example"}}, {},
        {{.domain = "closed.example", .kind = Route::Kind::refuse, .text = "Closed."},
         {.domain = "hop.example",
          .kind = Route::Kind::next_hop,
          .host = "relay.example",
          .port = 2525,
          .tls = Route::Tls::verified},
         {.domain = "void.example", .kind = Route::Kind::discard}});
}

Submitter alice() {
    directory::Principal principal{.id = directory::PrincipalId::make(1),
                                   .login = "alice",
                                   .published = {"Alice.Smith@site.example"},
                                   .aliases = {"asmith@site.example"}};
    return submitter_of(principal);
}
Submitter machine() {
    return submitter_of(directory::Range{.id = directory::RangeId::make(1),
                                         .network = *net::Network::parse("192.0.2.0/24")});
}

address::Mailbox mailbox(const char* text) {
    return *address::parse_mailbox(text);
}
Found principal(const char* published) {
    return {.kind = Found::Kind::principal, .entry = {.published = published}};
}

Lookups lookups() {
    Lookups known;
    known[address::key(mailbox("alice.smith@site.example"))] =
        principal("Alice.Smith@site.example");
    known[address::key(mailbox("asmith@site.example"))] = principal("Alice.Smith@site.example");
    known[address::key(mailbox("bob@site.example"))] = principal("Bob@site.example");
    return known;
}

// The header after planning, or the code of the refusal.
std::string planned(const std::string& text, const Submitter& submitter = alice(),
                    bool smtputf8 = false) {
    const message::Header header = message::Header::parse(text + "\r\n");
    const directory::Site known = site();
    const Lookups found = lookups();
    auto plan = plan_header(header, {.submitter = submitter,
                                     .site = known,
                                     .lookups = found,
                                     .now = now,
                                     .message_id = "<id@mx>",
                                     .smtputf8 = smtputf8});
    if (!plan) return plan.error().code;
    std::string block = plan->edit.bytes();
    block.resize(block.size() - 2);
    return block;
}

const std::string dated = "Date: Sat, 21 Nov 2026 11:00:00 +0000\r\n";
const std::string rest = dated + "To: x@ext.example\r\nMessage-ID: <a@b>\r\n";

}  // namespace

TEST_CASE("[J4] the sender is the submitter's own, in its published form") {
    const directory::Site known = site();
    Submitter submitter = alice();
    CHECK((*plan_sender(submitter, mailbox("ASMITH@site.example"), known, {}, false))->text() ==
          "Alice.Smith@site.example");
    CHECK_FALSE(plan_sender(submitter, std::nullopt, known, {}, false)->has_value());
    for (const char* other :
         {"bob@site.example", "alice.smith@ext.example", "postmaster@site.example"}) {
        const auto refused = plan_sender(submitter, mailbox(other), known, principal(other), false);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().reply_code == 553);
        CHECK(refused.error().status.text() == "5.7.1");
        CHECK(refused.error().code == "SND-OWN");
    }
}

TEST_CASE(
    "[O3] a machine submits under any address of the site that exists, and is nobody under "
    "another") {
    const directory::Site known = site();
    Submitter submitter = machine();
    CHECK(plan_sender(submitter, mailbox("bob@site.example"), known, principal("Bob@site.example"),
                      false));
    CHECK(submitter.kind == Submitter::Kind::range);
    CHECK(plan_sender(submitter, mailbox("nobody@site.example"), known, {}, false).error().code ==
          "SND-UNK");
    CHECK(plan_sender(submitter, mailbox("x@ext.example"), known, {}, false));
    CHECK(submitter.kind == Submitter::Kind::outside);
    submitter = machine();
    CHECK(plan_sender(submitter, std::nullopt, known, {}, false));
    CHECK(submitter.kind == Submitter::Kind::outside);
}

TEST_CASE("[J12] nobody relays from outside to outside") {
    const directory::Site known = site();
    const Submitter outside;
    for (const char* to :
         {"x@ext.example", "x@[192.0.2.1]", "x@[IPv6:::1]", "\"v@site.example\"@ext.example"})
        CHECK(check_recipient(outside, mailbox(to), known, {}).error().code == "RLY-OPN");
    for (const char* to : {"v%ext.example@site.example", "ext.example!v@site.example",
                           "\"v@ext.example\"@site.example"})
        CHECK(check_recipient(outside, mailbox(to), known, {}).error().code == "RCP-UNK");
    CHECK(check_recipient(outside, mailbox("bob@site.example"), known,
                          principal("Bob@site.example")));
    CHECK(
        check_recipient(outside, {.local_part = "postmaster"}, known, {.kind = Found::Kind::role}));
    CHECK(check_recipient(alice(), mailbox("x@ext.example"), known, {}));
    CHECK(check_recipient(alice(), mailbox("x@[192.0.2.1]"), known, {}).error().code == "RCP-LIT");
    CHECK(check_recipient(alice(), mailbox("x@closed.example"), known, {}).error().code ==
          "RCP-REF");
    CHECK(check_recipient(alice(), mailbox("nobody@site.example"), known, {}).error().code ==
          "RCP-UNK");
}

TEST_CASE("[J9] what is missing is added, what is there stays as it is") {
    const std::string whole = "From: Alice.Smith@site.example\r\n" + rest;
    CHECK(planned(whole) == whole);
    CHECK(planned("From: Alice.Smith@site.example\r\n") ==
          "From: Alice.Smith@site.example\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: "
          "<id@mx>\r\nTo: undisclosed-recipients:;\r\n");
    CHECK(planned(rest) == "HDR-FRM");
}

TEST_CASE("[J9] an empty field is none, and a Message-ID that is none is replaced") {
    const std::string from = "From: Alice.Smith@site.example\r\n" + dated;
    for (const char* empty : {"To:", "To: ", "To:\r\n  (nobody)", "To: ,,"}) {
        CAPTURE(empty);
        CHECK(planned(from + empty + "\r\nMessage-ID: <a@b>\r\n") ==
              from + "Message-ID: <a@b>\r\nTo: undisclosed-recipients:;\r\n");
    }
    CHECK(planned(from + "Cc: \r\nReply-To:\r\nTo: x@ext.example\r\nMessage-ID: <a@b>\r\n") ==
          from + "To: x@ext.example\r\nMessage-ID: <a@b>\r\n");
    const auto id = [&](const std::string& given) {
        const std::string out = planned(from + "To: x@ext.example\r\nMessage-ID:" + given + "\r\n");
        return out.substr(out.find("Message-ID:") + 11);
    };
    for (const char* none : {"", " ", " foo bar", " <>", " <a>", " <@b>", " <a@>", " <a b@c>",
                             " a@b", " <a@b", " <a@b> <c@d>", " x <a@b>", " <a@b>c"}) {
        CAPTURE(none);
        CHECK(id(none) == " <id@mx>\r\n");
    }
    for (const char* good : {" <a@b>", "<a@b>", "\r\n <a..b.@c>", " <a@[192.0.2.1]>",
                             " (c) <a@b> (d)", " <\"a\"@b@c>"})
        CHECK(id(good) == std::string(good) + "\r\n");
}

TEST_CASE("a line that grows too long by rewriting is folded") {
    const std::string from = "From: Alice.Smith@site.example\r\n" + dated + "Message-ID: <a@b>\r\n";
    const std::string filler = std::string(60, 'z') + "@ext.example";
    std::string to = "To: x@ext.example, A <asmith@site.example>,asmith@site.example";
    while (to.size() < 900) to += ", " + filler;
    to += ",\r\n asmith@site.example, " + filler;
    const std::string out = planned(from + to + "\r\n");
    CHECK(out.find("A <Alice.Smith@site.example>,Alice.Smith@site.example, ") != out.npos);
    to.insert(4, "(" + std::string(998 - 3 - to.find("\r\n"), 'c') + ") ");
    std::string folded = planned(from + to + "\r\n");
    CHECK(message::Header::parse(folded + "\r\n").defects().is_empty());
    CHECK(folded.find("c) x@ext.example, \r\n A <Alice.Smith@site.example>,\r\n "
                      "Alice.Smith@site.example, \r\n " +
                      filler) != folded.npos);
    CHECK(folded.find(filler + ",\r\n Alice.Smith@site.example, \r\n " + filler + "\r\n") !=
          folded.npos);
    // Groups stay groups.
    CHECK(planned(from + "To: g: asmith@site.example, B <asmith@site.example>, " +
                  std::string(60, 'z') + "@ext.example; (" + std::string(865, 'c') + ")\r\n") ==
          from + "To: g: Alice.Smith@site.example, \r\n B <Alice.Smith@site.example>, \r\n " +
              std::string(60, 'z') + "@ext.example; (" + std::string(865, 'c') + ")\r\n");
}

TEST_CASE("[J10] a date that is far off or cannot be read is corrected") {
    const auto with = [](const std::string& given) {
        const std::string out = planned(
            "From: asmith@site.example\r\nTo: x@ext.example\r\nMessage-ID: <a@b>\r\nDate: " +
            given + "\r\n");
        return out.substr(out.find("Date: "));
    };
    const std::string corrected = "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n";
    CHECK(with("Sat, 21 Nov 2026 12:09:00 +0000") == "Date: Sat, 21 Nov 2026 12:09:00 +0000\r\n");
    CHECK(with("Sat, 14 Nov 2026 15:01:00 +0300") == "Date: Sat, 14 Nov 2026 15:01:00 +0300\r\n");
    CHECK(with("Sat, 21 Nov 2026 12:11:00 +0000") == corrected);
    CHECK(with("Sat, 14 Nov 2026 11:59:00 +0000") == corrected);
    CHECK(with("Mon, 01 Jan 1990 00:00:00 +0000") == corrected);
    CHECK(with("yesterday") == corrected);
    CHECK(with("") == corrected);
}

TEST_CASE("[J4] From is one address, the submitter's own, shown as published") {
    CHECK(planned("From: \"A. Smith\" <ASmith@Site.Example> (me)\r\n" + rest) ==
          "From: \"A. Smith\" <Alice.Smith@site.example> (me)\r\n" + rest);
    CHECK(planned("From: bob@site.example\r\n" + rest) == "HDR-OWN");
    CHECK(planned("From: x@ext.example\r\n" + rest) == "HDR-OWN");
    for (const char* from : {"From: asmith@site.example\r\nFrom: asmith@site.example\r\n",
                             "From: asmith@site.example, bob@site.example\r\n",
                             "From: asmith@site.example\r\nfrom: bob@site.example\r\n",
                             "From: nobody\r\n", "From:\r\n", "From: g: asmith@site.example;\r\n",
                             "From: <asmith@site.example> <bob@site.example>\r\n"})
        CHECK(planned(from + rest) == "HDR-AMB");
    CHECK(planned("From: bob@site.example\r\n" + rest, machine()) ==
          "From: Bob@site.example\r\n" + rest);
    CHECK(planned("From: nobody@site.example\r\n" + rest, machine()) == "HDR-UNK");
    CHECK(planned("From: x@ext.example\r\n" + rest, machine()) == "HDR-OWN");
}

TEST_CASE("[J4] a person's Sender is their own and goes where it only repeats From") {
    const std::string from = "From: Alice.Smith@site.example\r\n";
    CHECK(planned(from + "Sender: asmith@site.example\r\n" + rest) ==
          from + "Sender: Alice.Smith@site.example\r\n" + rest);
    CHECK(planned(from + "Sender: alice.smith@site.example\r\n" + rest) == from + rest);
    CHECK(planned(from + "Sender: bob@site.example\r\n" + rest) == "HDR-OWN");
    for (const char* resent :
         {"<@bank.example:asmith@site.example>", "g:;", "", "asmith @ site.example"})
        CHECK(planned(from + "Resent-From: " + resent + "\r\n" + rest) == "HDR-SYN");
    Submitter process = alice();
    process.kind = Submitter::Kind::automatic;
    CHECK(planned(from + "Sender: Bob@site.example\r\n" + rest, process) ==
          from + "Sender: Bob@site.example\r\n" + rest);
}

TEST_CASE("[J3] addresses of ours in the header exist, and all are fully qualified") {
    const std::string from = "From: Alice.Smith@site.example\r\n" + dated + "Message-ID: <a@b>\r\n";
    CHECK(planned(from + "To: BOB@site.example, x@ext.example\r\n") ==
          from + "To: Bob@site.example, x@ext.example\r\n");
    for (const char* field :
         {"To: nobody@site.example\r\n",
          "To: x@ext.example\r\nCc: A <bob@site.example>, b <nobody@site.example>\r\n",
          "To: x@ext.example\r\nReply-To: nobody@site.example\r\n"})
        CHECK(planned(from + field) == "HDR-UNK");
    for (const char* field : {"To: bob\r\n", "To: bob@\r\n", "To: x@ext.example\r\nCc: @\r\n",
                              "To: a b@ext.example\r\n"})
        CHECK(planned(from + field) == "HDR-SYN");
    CHECK(planned(from + "To: undisclosed-recipients:;\r\n") ==
          from + "To: undisclosed-recipients:;\r\n");
}

TEST_CASE("[J11] content fields without MIME-Version get one") {
    const std::string whole =
        "From: Alice.Smith@site.example\r\nContent-Type: text/plain\r\n" + rest;
    CHECK(planned(whole) == whole + "MIME-Version: 1.0\r\n");
    CHECK(planned("mime-version: 1.0\r\n" + whole) == "mime-version: 1.0\r\n" + whole);
}

TEST_CASE("who stands in Bcc is not shown to the others") {
    const std::string from = "From: Alice.Smith@site.example\r\n";
    CHECK(planned(from + "Bcc: secret@ext.example,\r\n more@ext.example\r\n" + rest +
                  "Resent-Bcc: secret@ext.example\r\nReturn-Path: <x@y>\r\n") == from + rest);
}

TEST_CASE("[P15] UTF-8 in the header needs SMTPUTF8; fields that stand once do not stand twice") {
    const std::string whole =
        "From: Alice.Smith@site.example\r\nSubject: gr\xc3\xbc\xc3\x9f"
        "e\r\n" +
        rest;
    CHECK(planned(whole) == "HDR-UTF");
    CHECK(planned(whole, alice(), true) == whole);
    for (const char* twice : {"Subject: a\r\nsubject: b\r\n", "Date: x\r\n",
                              "To: y@ext.example\r\n", "MESSAGE-ID: <c@d>\r\n"})
        CHECK(planned("From: asmith@site.example\r\n" + std::string(twice) + rest) == "HDR-DUP");
    for (const char* broken :
         {"no colon here\r\n", "Subject : x\r\n", "X\x01: y\r\n", "X: \xff\r\n"})
        CHECK(planned("From: asmith@site.example\r\n" + std::string(broken) + rest) == "HDR-SYN");
    CHECK(planned("From: asmith@site.example\r\nX: " + std::string(999, 'x') + "\r\n" + rest) ==
          "MIM-LIN");
}

TEST_CASE("[P15] an ASCII alias stays as it is written where nobody said SMTPUTF8") {
    const char* const published = "m\xc3\xbcller@site.example";
    Submitter submitter = submitter_of(directory::Principal{.id = directory::PrincipalId::make(2),
                                                            .login = "mueller",
                                                            .published = {published},
                                                            .aliases = {"mueller@site.example"}});
    Submitter range = machine();
    const directory::Site known = site();
    const auto alias = mailbox("mueller@site.example");
    for (Submitter* each : {&submitter, &range}) {
        CHECK(**plan_sender(*each, alias, known, principal(published), false) == alias);
        CHECK(**plan_sender(*each, alias, known, principal(published), true) == mailbox(published));
    }
    const Lookups found{{address::key(alias), principal(published)}};
    for (const bool smtputf8 : {false, true}) {
        const std::string own = smtputf8 ? published : "mueller@site.example";
        const message::Header header = message::Header::parse(
            "From: mueller@site.example\r\nCc: mueller@site.example\r\n" + rest + "\r\n");
        const auto plan = plan_header(header, {.submitter = submitter,
                                               .site = known,
                                               .lookups = found,
                                               .now = now,
                                               .smtputf8 = smtputf8});
        REQUIRE(plan);
        CHECK(plan->edit.bytes() == "From: " + own + "\r\nCc: " + own + "\r\n" + rest + "\r\n");
    }
}

TEST_CASE("[R05] a message that was relayed a hundred times goes round in a loop") {
    std::string text = "From: a@b.example\r\n";
    for (int i = 0; i < 99; ++i) text += "Received: x\r\n";
    CHECK(check_received_header(message::Header::parse(text + "\r\n")));
    const auto looped = check_received_header(message::Header::parse(text + "RECEIVED: x\r\n\r\n"));
    CHECK(looped.error().reply_code == 554);
    CHECK(looped.error().status.text() == "5.4.6");
}

TEST_CASE("[P09] mail from outside has one From field with one readable address") {
    const auto code = [](const char* text) {
        const auto checked = check_received_header(message::Header::parse(text));
        return checked ? "" : checked.error().code;
    };
    CHECK(code("From: a@b.example\r\n\r\n") == "");
    CHECK(code("From: \"x@y.example\" <a@b.example>\r\n\r\n") == "");
    CHECK(code("From: a@b.example\r\nFrom: c@d.example\r\n\r\n") == "HDR-AMB");
    CHECK(code("From: a@b.example, c@d.example\r\n\r\n") == "HDR-AMB");
    CHECK(code("From: a@b.example\x01 c@d.example\r\n\r\n") == "HDR-AMB");
    CHECK(code("Subject: x\r\n\r\n") == "HDR-FRM");
    CHECK(code("\r\n") == "MSG-EMP");
}

TEST_CASE("[P09] what some read as From and others do not is refused") {
    const auto code = [](const std::string& text) {
        const auto checked = check_received_header(message::Header::parse(text));
        return checked ? "" : checked.error().code;
    };
    const std::string good = "From: a@b.example\r\n";
    for (const char* second :
         {"From : c@d.example", "fROM\t: c@d.example", "From\r\n : c@d.example",
          "F\x01rom: c@d.example", "From\xa0: c@d.example",
          "\x7f"
          "From: c@d.example"}) {
        CAPTURE(second);
        CHECK(code(good + second + "\r\n\r\n") == "HDR-AMB");
        CHECK(code(second + ("\r\n" + good) + "\r\n") == "HDR-AMB");
        CHECK(code(std::string(second) + "\r\n\r\n") == "HDR-AMB");
    }
    CHECK(code(" From: c@d.example\r\n" + good + "\r\n") == "HDR-AMB");
    CHECK(code("no field\r\n" + good + "\r\n") == "HDR-AMB");
    CHECK(code(good + "no field\r\n\r\n") == "");
    CHECK(code("Subject: x\r\n From: c@d.example\r\n" + good + "\r\n") == "");
    for (const char* body :
         {"<@d.example,@e.example:a@b.example>", "c@d.example(x)@b.example", "a @ b.example",
          "a(c@d.example)@b.example", "<a@b.example>, <c@d.example>", "<a@b.example> <c@d.example>",
          "c@d.example <a@b.example>", "g: a@b.example;", "g:;", "", "<>",
          "=?utf-8?Q?c=40d.example?=", "<=?utf-8?Q?c=40d.example?=@b.example>",
          "(\\\x01) a@b.example", "a@b.example (", "a@b.example\r\n c@d.example",
          "a@b.example; c@d.example", "a@b.example\\, c@d.example"}) {
        CAPTURE(body);
        CHECK(code("From: " + std::string(body) + "\r\n\r\n") == "HDR-AMB");
    }
    for (const char* body :
         {"=?utf-8?Q?c=40d.example?= <a@b.example>", "\"c@d.example\" <a@b.example>",
          "J. Doe <a@b.example>", "a@b.example (c@d.example)", "\"a\\\"b\"@b.example",
          "J\xf6rg <a@b.example>"}) {
        CAPTURE(body);
        CHECK(code("From: " + std::string(body) + "\r\n\r\n") == "");
    }
}

TEST_CASE("[P09] a From field beyond what is read of a header is no way in") {
    std::string many = "From: a@b.example\r\n";
    for (std::size_t i = 0; i < message::fields_max; ++i) many += "X: y\r\n";
    const auto checked =
        check_received_header(message::Header::parse(many + "From: c@d.example\r\n\r\n"));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == "HDR-BIG");
}

TEST_CASE("[P10] a forged Authentication-Results in our name is told from another server's") {
    for (const char* ours :
         {" mx.site.example; spf=pass", "MX.Site.Example 1; none", " (c) mx.site.example;",
          "\"mx.site.example\"; x", " mx.site.example", "\r\n mx.site.example",
          "((x)) mx.site.example; spf=pass", "(a (b) c) mx.site.example;", "(\\)) mx.site.example;",
          "(1)(2)(3)(4)(5)(6)(7)(8)(9)(10)(11)(12) mx.site.example;",
          "\"mx\\.site.example\"; spf=pass", "mx.site.example(c); x", "mx.site.example.; x",
          "( mx.site.example", "\"mx.site.example; x"}) {
        CAPTURE(ours);
        CHECK(is_by(ours, "mx.site.example"));
    }
    CHECK(
        is_by(" mx.b\xc3\xbc"
              "cher.example; spf=pass",
              "mx.xn--bcher-kva.example"));
    for (const char* others :
         {" mx.ext.example; spf=pass", " mx.site.example.ext.example;", "", " ;",
          " (mx.site.example) other;", "(\\) mx.site.example;) other;"}) {
        CAPTURE(others);
        CHECK_FALSE(is_by(others, "mx.site.example"));
    }
}

TEST_CASE("a destination follows the closest route, else the domain's mail exchangers") {
    CHECK(destination_for(site(), mailbox("a@ext.example")).text() ==
          queue::Destination{.kind = queue::Destination::Kind::mx, .host = "ext.example"}.text());
    const auto hop = destination_for(site(), mailbox("a@hop.example"));
    CHECK((hop.kind == queue::Destination::Kind::next_hop && hop.host == "relay.example" &&
           hop.port == 2525 && hop.tls == queue::Destination::Tls::verified));
    CHECK(destination_for(site(), mailbox("a@void.example")).kind ==
          queue::Destination::Kind::discard);
}
