#include "services/submission/received.h"

#include <doctest/doctest.h>

#include "services/submission/internationalized.h"

using namespace pidge;
using namespace pidge::submission;

namespace {

struct Said {
    std::string helo = "client.example";
    std::string login = "";
    std::optional<address::Mailbox> recipient = std::nullopt;
    bool smtputf8 = false;
};

std::string field(const Said& said) {
    const smtp::Connection connection{.remote = {*net::Address::parse("203.0.113.9"), 4711}};
    smtp::ClientState client{.helo = said.helo, .is_extended = true};
    if (!said.login.empty()) client.identity = sasl::Identity{.login = said.login};
    return received_field({.connection = connection,
                           .client = client,
                           .hostname = "mx.site.example",
                           .node = "n1",
                           .queue_id = "q1",
                           .only_recipient = said.recipient,
                           .smtputf8 = said.smtputf8,
                           .shows_identity = true,
                           .now = {}});
}

std::string from(const std::string& helo) {
    const std::string whole = field({.helo = helo});
    return whole.substr(0, whole.find(")") + 1);
}

}  // namespace

TEST_CASE("Received names a peer by a domain or address literal in ASCII, or as unknown") {
    const std::string address = " ([203.0.113.9])";
    for (const char* good : {"client.example", "Client", "x--y.EXAMPLE", "[192.0.2.1]",
                             "[IPv6:2001:db8::1]", "xn--bcher-kva.example"}) {
        CAPTURE(good);
        CHECK(from(good) == "Received: from " + (good + address));
    }
    CHECK(from("b\xc3\xbc"
               "cher.example") == "Received: from xn--bcher-kva.example" + address);
    for (const char* bad : {"", "a@b,c:d", "a]b[", "a..b", "foo_bar", "[192.0.2.1", "[192.0.2.256]",
                            "[x:y]", "(x)", "=?utf-8?q?x?=", "a.", "-a.example", "192.0.2.1",
                            "\xf0\x9f\x92\xa9\xff", "a\"b", "<a>", "a;b"}) {
        CAPTURE(bad);
        CHECK(from(bad) == "Received: from unknown" + address);
    }
}

TEST_CASE("Received is ASCII, whatever the login and the recipient are") {
    const address::Mailbox umlaut = *address::parse_mailbox("m\xc3\xbcller@site.example");
    const address::Mailbox idn = *address::parse_mailbox(
        "x@b\xc3\xbc"
        "cher.example");
    const std::string whole =
        field({.login = "m\xc3\xbc(ller)", .recipient = umlaut, .smtputf8 = true});
    CHECK(std::ranges::all_of(whole, [](unsigned char c) { return c < 128; }));
    CHECK(whole.find("(authenticated as m___ller_)") != whole.npos);
    CHECK(whole.find(" for <") == whole.npos);
    CHECK(whole.find("with UTF8SMTPA id q1") != whole.npos);
    CHECK(field({.recipient = idn, .smtputf8 = true}).find("\tfor <x@xn--bcher-kva.example>;") !=
          whole.npos);
}

TEST_CASE("[P15] what needs SMTPUTF8 is the addresses and the header, not our trace of them") {
    queue::Entry entry;
    entry.sender = *address::parse_mailbox("a@site.example");
    entry.trace =
        "Received: from b\xc3\xbc"
        "cher\r\n";
    entry.recipients = {{.address = *address::parse_mailbox("x@b\xc3\xbc"
                                                            "cher.example"),
                         .original = "utf-8;m\xc3\xbcller@site.example"}};
    CHECK_FALSE(is_internationalized(entry, false));
    CHECK(is_internationalized(entry, true));
    entry.sender = *address::parse_mailbox("m\xc3\xbcller@site.example");
    CHECK(is_internationalized(entry, false));
    entry.sender.reset();
    entry.recipients.push_back({.address = *address::parse_mailbox("m\xc3\xbcller@x.example")});
    CHECK(is_internationalized(entry, false));
}
