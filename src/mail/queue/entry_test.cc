#include <doctest/doctest.h>

#include "mail/queue/entry_record.h"
#include "mail/queue/plan.h"
#include "mail/queue/testing/entries.h"

using namespace pidge;
using namespace pidge::queue;

TEST_CASE("an entry's id reads back from its text and its key, and keys sort as ids do") {
    const EntryId first{QueueId::make(1'000), 7};
    const EntryId second{first.message, 258};
    CHECK(EntryId::parse(first.text()) == first);
    CHECK(EntryId::from_key(second.key()) == second);
    CHECK(first.key().size() == 18);
    CHECK(made_at(first.message) == WallTime(std::chrono::seconds(1)));
    CHECK(first.key() < second.key());
    CHECK(second.key() < EntryId{QueueId::make(2'000), 0}.key());
    for (const std::string& bad : {first.message.text(), first.message.text() + "-65536",
                                   first.message.text() + "-", std::string("-1"), std::string()})
        CHECK_FALSE(EntryId::parse(bad));
    CHECK_FALSE(EntryId::from_key("short"));
}

TEST_CASE("a destination has one text and reads back from it") {
    for (const char* text :
         {"mx:example.org", "mx:example.org:2525", "mx:[192.0.2.1]", "mx:[IPv6:2001:db8::1]:26",
          "mx:example.org;tls=verified", "mx:example.org;tls=any", "smtp:mail.example:25",
          "smtp:192.0.2.1:587;tls=required", "smtp:[2001:db8::1]:25", "lmtp:localhost:24",
          "discard", "smtp:hub.example:2465;tls=verified;implicit",
          "smtp:hub.example:2465;implicit",
          "smtp:hub.example:587;tls=verified;user=alice@example.org",
          "smtp:hub.example:587;tls=verified;implicit;user=a%3bb%20%c3%bc"}) {
        CAPTURE(std::string(text));
        const auto destination = Destination::parse(text);
        REQUIRE(destination);
        CHECK(destination->text() == text);
    }
    CHECK(Destination::parse("smtp:[2001:db8::1]:25")->host == "2001:db8::1");
    CHECK(Destination::parse("mx:[192.0.2.1]")->host == "[192.0.2.1]");
    for (const char* bad : {"",
                            "mx",
                            "mx:",
                            "smtp:host",
                            "smtp:host:0",
                            "smtp:host:65536",
                            "smtp::25",
                            "mx:[::1",
                            "mx:a b",
                            "mx:a;tls=none",
                            "smtp:h:25;user=",
                            "smtp:h:25;user=%3",
                            "smtp:h:25;user=a;tls=verified",
                            "smtp:h:25;user=a b",
                            "smtp:h:25;user=%zz",
                            "smtp:h:25;implicit;implicit",
                            "smtp:h:25;tls=required;tls=verified",
                            "mx:a;tls=",
                            "uucp:host:1",
                            "mx:a\r\nb",
                            "smtp:[]:25",
                            "smtp:[IPv6:]:25",
                            "mx:a:b:25",
                            "discard;tls=required"}) {
        CAPTURE(std::string(bad));
        CHECK_FALSE(Destination::parse(bad));
    }
}

TEST_CASE("[G8] two notations of one destination are one group") {
    using Kind = Destination::Kind;
    const Destination lower{.kind = Kind::mx, .host = "example.org"};
    const Destination upper{.kind = Kind::mx, .host = "Example.ORG"};
    CHECK(lower.group() == upper.group());
    const Destination bare{.kind = Kind::next_hop, .host = "2001:db8::1"};
    const Destination literal{.kind = Kind::next_hop, .host = "[IPv6:2001:DB8::1]"};
    CHECK(bare.group() == literal.group());
    CHECK(lower.group() != bare.group());
    Destination verified = lower;
    verified.tls = Destination::Tls::verified;
    CHECK(lower.group() != verified.group());
    // Connections of one user are no other's.
    Destination alice = bare, bob = bare;
    alice.user = "alice";
    bob.user = "bob";
    CHECK(alice.group() != bob.group());
    CHECK(alice.group() != bare.group());
}

TEST_CASE("an entry reads back from its record, whatever its fields hold") {
    const Entry full = testing::full_entry();
    CHECK(read_entry(record_of(full)) == full);

    Entry bare;
    bare.id.message = QueueId::make(1);
    bare.recipients.push_back({.address = {.local_part = "a", .domain = "b"}});
    CHECK(read_entry(record_of(bare)) == bare);

    for (const Return ret : {Return::unspecified, Return::full, Return::headers}) {
        bare.ret = ret;
        CHECK(read_entry(record_of(bare))->ret == ret);
    }

    Entry early = full;
    early.last_attempt = WallTime();  // the epoch is a time too
    early.due = WallTime(std::chrono::microseconds(-5));
    early.recipients.assign(3, Recipient{});
    early.sender = address::Mailbox{};
    CHECK(read_entry(record_of(early)) == early);
}

TEST_CASE("a damaged record is told from an entry") {
    CHECK_FALSE(read_entry(""));
    CHECK_FALSE(read_entry("\x02"));
    const Bytes good = record_of(testing::full_entry());
    for (std::size_t length = 0; length < good.size(); ++length) {
        // A cut at the edge of a field leaves a record that can be read; it never reads as the
        // whole one.
        CHECK(read_entry(std::string_view(good).substr(0, length)) != testing::full_entry());
    }
    Entry nobody = testing::full_entry();
    nobody.recipients.clear();
    CHECK_FALSE(read_entry(record_of(nobody)));
}

TEST_CASE("entering the queue stores, holds and schedules each entry, and a held one is not due") {
    Entry first = testing::full_entry();
    Entry second = first;
    second.id.index = 9;
    second.held = true;
    first.held = false;
    store::Change change;
    store::Blob blob;
    blob.id = first.body;
    plan_enqueue(change, {first, second}, blob);
    using Kind = store::Change::Operation::Kind;
    std::size_t queue_puts = 0, due_puts = 0, holds = 0;
    for (const auto& operation : change.operations()) {
        holds += operation.kind == Kind::hold ? 1 : 0;
        queue_puts += operation.kind == Kind::put && operation.space == store::Space::queue ? 1 : 0;
        due_puts += operation.kind == Kind::put && operation.space == store::Space::due ? 1 : 0;
    }
    CHECK(queue_puts == 2);
    CHECK(holds == 2);
    CHECK(due_puts == 1);
    CHECK(change.checks().size() == 2);
}
