#include "services/submission/gateway.h"

#include <doctest/doctest.h>

#include <atomic>

#include "base/log.h"
#include "mail/queue/entry_record.h"
#include "mail/queue/limits.h"
#include "services/submission/recipients.h"
#include "system/crypto/password.h"
#include "system/dns/testing/fake_resolver.h"
#include "system/net/spawn.h"
#include "system/store/memory/memory_disk.h"
#include "system/store/memory/memory_store.h"
#include "system/store/table_store.h"

using namespace pidge;
using submission::Gateway;

namespace {

address::Mailbox mailbox(const char* text) {
    return *address::parse_mailbox(text);
}

// A memory store whose changes are in conflict with what it holds, if told so.
class ContraryWriter final : public store::GroupWriter {
 public:
    static std::unique_ptr<store::Store> store(const Clock& clock,
                                               const std::atomic<bool>& is_in_conflict) {
        auto engine = store::embedded_engine(store::make_memory_disk(), clock);
        auto& writer = engine.writers.front();
        writer = std::make_unique<ContraryWriter>(std::move(writer), is_in_conflict);
        return std::make_unique<store::TableStore>(std::move(engine), clock);
    }
    ContraryWriter(std::unique_ptr<store::GroupWriter> below,
                   const std::atomic<bool>& is_in_conflict)
        : below_(std::move(below)), is_in_conflict_(is_in_conflict) {}

    bool write(std::span<store::PendingChange> group) override {
        if (!is_in_conflict_) return below_->write(group);
        for (store::PendingChange& pending : group)
            pending.outcome = std::unexpected(store::Conflict{});
        return false;
    }

 private:
    const std::unique_ptr<store::GroupWriter> below_;
    const std::atomic<bool>& is_in_conflict_;
};

// A site with alice, bob and a range, and one session with it at a time.
struct Fixture {
    ManualClock clock{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) +
                      std::chrono::hours(12)};
    std::atomic<bool> is_in_conflict = false;
    std::unique_ptr<store::Store> store = ContraryWriter::store(clock, is_in_conflict);
    directory::Directory directory{*store, clock};
    audit::Trail trail{*store, clock, "audit.test/n1"};
    net::Pool pool{{.name = "hash", .threads = 1}};
    std::vector<std::chrono::milliseconds> held_back;
    submission::Authenticator authenticator{
        directory, pool, clock, [this](std::chrono::milliseconds time) -> net::Task<void> {
            held_back.push_back(time);
            return at_once();
        }};
    dns::testing::FakeResolver dns;
    std::vector<queue::Entry> offered;
    Gateway gateway{{*store, directory, trail, authenticator, clock,
                     [this](queue::Entry entry) { offered.push_back(std::move(entry)); }, &dns},
                    {.hostname = "mx.site.example",
                     .node = "n1",
                     .message_bytes_max = 1'000'000,
                     .recipients_max = 5}};
    std::unique_ptr<smtp::BackendSession> session;
    directory::Principal alice{.id = directory::PrincipalId::make(1),
                               .login = "alice",
                               .published = {"Alice@site.example"},
                               .aliases = {"al@site.example"}};
    directory::Principal bob{
        .id = directory::PrincipalId::make(2), .login = "bob", .published = {"bob@site.example"}};

    Fixture() {
        using directory::Route;
        log::configure({.least = log::Level::error});
        apply(directory.add_domain(
            {.name = "site.example", .abuse = {"alice@site.example", "team@ext.example"}}));
        apply(directory.add_principal(alice));
        apply(directory.add_principal(bob));
        apply(directory.set_credential({.id = directory::CredentialId::make(1),
                                        .principal = alice.id,
                                        .argon2 = *crypto::hash_password("secret")}));
        apply(directory.add_range({.id = directory::RangeId::make(1),
                                   .network = *net::Network::parse("192.0.2.0/24"),
                                   .owner = "bob@site.example"}));
        apply(directory.set_route({.id = directory::RouteId::make(1),
                                   .domain = "site.example",
                                   .kind = Route::Kind::next_hop,
                                   .host = "store.example"}));
        net::run(authenticator.load(*store));
    }
    static net::Task<void> at_once() { co_return; }
    void apply(net::Task<Result<store::Change>> plan) {
        auto change = net::run(std::move(plan));
        REQUIRE(change);
        REQUIRE(net::run(store->commit(*std::move(change))));
        net::run(directory.reload());
    }

    void give_abuse(std::vector<std::string> members) {
        const directory::Domain before = *directory.site()->find_domain("site.example");
        directory::Domain after = before;
        after.abuse = std::move(members);
        apply(directory.update_domain(before, after));
    }

    void connect(smtp::Service service, const char* client) {
        session = gateway.session({.service = service,
                                   .remote = {*net::Address::parse(client), 4711},
                                   .listener = "test"});
        CHECK(net::run(session->open()));
        session->client_is({.helo = "client.example", .is_extended = true});
    }
    Result<sasl::Identity> log_in(const char* login, const char* password) {
        auto identity = net::run(session->verify_password("", login, password, "PLAIN"));
        if (identity)
            session->client_is(
                {.helo = "client.example", .is_extended = true, .identity = *identity});
        return identity;
    }
    void as_alice() {
        connect(smtp::Service::submission, "203.0.113.9");
        REQUIRE(log_in("alice", "secret"));
    }

    // One whole message; the reply's code, or "250".
    std::string send(const char* from, std::vector<const char*> to, const std::string& text,
                     std::size_t piece = 1000) {
        const auto code = [](const Refusal& why) {
            return why.code.empty() ? std::to_string(why.reply_code) : why.code;
        };
        clock.advance(std::chrono::milliseconds(1));  // so that ids sort by age
        if (const auto mail = net::run(
                session->mail({.sender = *from ? std::optional(mailbox(from)) : std::nullopt}));
            !mail)
            return code(mail.error());
        for (const char* recipient : to)
            if (const auto rcpt = net::run(session->rcpt({.recipient = mailbox(recipient)})); !rcpt)
                return code(rcpt.error());
        if (const auto begin = net::run(session->begin_body()); !begin) return code(begin.error());
        for (std::size_t at = 0; at < text.size(); at += piece)
            if (const auto body = net::run(session->body(std::string_view(text).substr(at, piece)));
                !body)
                return code(body.error());
        const auto accepted = net::run(session->end_body());
        return accepted ? "250" : code(accepted.error());
    }
    std::vector<queue::Entry> entries() {
        std::vector<queue::Entry> entries;
        for (const store::Item& item : net::run(store->scan(store::Space::queue, {})))
            entries.push_back(*queue::read_entry(item.value));
        return entries;
    }
    std::string stored(const queue::Entry& entry) {
        const auto reader = net::run(store->open_blob(entry.body));
        REQUIRE(reader);
        return net::run(reader->read(0, reader->size_bytes()));
    }
    std::vector<audit::Numbered> audited(audit::Type type) {
        store::Change change;  // what nobody waited for rides along
        change.put(store::Space::meta, "test", "");
        CHECK(net::run(store->commit(std::move(change))).has_value());
        return net::run(trail.search({.types = {type}}));
    }
};

const std::string message =
    "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nFrom: Alice@site.example\r\nTo: "
    "x@ext.example\r\nMessage-ID: <1@client>\r\n\r\nhello\r\n";

}  // namespace

TEST_CASE(
    "[O2, O10] a message from someone who has logged in is stored, queued and on record in one "
    "commit") {
    Fixture f;
    f.as_alice();
    CHECK(f.send("AL@site.example", {"x@ext.example", "BOB@site.example"}, message) == "250");
    const auto entries = f.entries();
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].sender->text() == "Alice@site.example");
    CHECK(entries[0].recipients[0].address.text() == "x@ext.example");
    CHECK(entries[0].destination.kind == queue::Destination::Kind::mx);
    CHECK(entries[1].recipients[0].address.text() == "bob@site.example");
    CHECK(entries[1].destination.host == "store.example");
    CHECK(entries[0].principal == f.alice.id.text());
    CHECK(f.stored(entries[0]) == message);
    CHECK(entries[0].trace.starts_with("Received: from client.example ([203.0.113.9])"));
    CHECK(entries[0].trace.find("for <") == std::string::npos);
    CHECK(entries[0].trace.find(entries[0].id.message.text()) != std::string::npos);
    REQUIRE(f.offered.size() == 2);
    for (const queue::Entry& entry : f.offered) {
        const auto lease = net::run(f.store->lease_item(entry.destination.group(), entry.due,
                                                        entry.id.key(), std::chrono::hours(1)));
        CHECK(lease);
    }
    const auto accepted = f.audited(audit::Type::accept);
    REQUIRE(accepted.size() == 1);
    CHECK(*accepted[0].entry.fields.at("queue").text() == entries[0].id.message.text());
    CHECK(*accepted[0].entry.fields.at("principal").text() == f.alice.id.text());
    CHECK(*accepted[0].entry.fields.at("login").text() == "alice");
    CHECK(net::run(f.trail.verify()).kind == audit::Verdict::Kind::sound);
}

TEST_CASE("octets arrive as they were sent, however they were cut into pieces") {
    for (const std::size_t piece : {1, 2, 3, 7, 100000}) {
        Fixture f;
        f.as_alice();
        CHECK(f.send("alice@site.example", {"x@ext.example"}, message, piece) == "250");
        CHECK(f.stored(f.entries()[0]) == message);
    }
}

TEST_CASE("[O5] a message that is in conflict with the store is put off, and all else goes on") {
    Fixture f;
    f.as_alice();
    f.is_in_conflict = true;
    CHECK(f.send("alice@site.example", {"bob@site.example"}, message) == "SYS-STO");
    f.is_in_conflict = false;
    CHECK(f.entries().empty());
    CHECK(f.send("alice@site.example", {"bob@site.example"}, message) == "250");
    CHECK(f.offered.size() == 1);
}

TEST_CASE("[R03] nobody writes under somebody else's address, in envelope or header") {
    Fixture f;
    f.as_alice();
    CHECK(f.send("bob@site.example", {"x@ext.example"}, message) == "SND-OWN");
    std::string forged = message;
    forged.replace(forged.find("Alice@"), 6, "bob@");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, forged) == "HDR-OWN");
    CHECK(f.entries().empty());
    CHECK(f.audited(audit::Type::accept).empty());
    CHECK(f.audited(audit::Type::reject).size() == 2);
}

TEST_CASE("[J12] from outside mail comes in, but does not pass through") {
    Fixture f;
    f.connect(smtp::Service::mx, "203.0.113.9");
    CHECK(f.send("x@ext.example", {"y@other.example"}, message) == "RLY-OPN");
    CHECK(f.send("", {"nobody@site.example"}, message) == "RCP-UNK");
    CHECK(f.send("x@ext.example", {"bob@site.example"}, message) == "250");
    CHECK(f.send("", {"al@site.example"}, message) == "250");
    REQUIRE(f.entries().size() == 2);
    CHECK(f.entries()[1].recipients[0].address.text() == "Alice@site.example");
    CHECK(f.entries()[1].recipients[0].original == "rfc822;al@site.example");
    CHECK(f.entries()[0].principal.empty());
}

TEST_CASE("[O3, J20] a machine of a range submits without logging in, and its owner is on record") {
    Fixture f;
    f.connect(smtp::Service::mx, "192.0.2.77");
    CHECK(f.send("bob@site.example", {"x@ext.example"}, message) == "250");
    const auto accepted = f.audited(audit::Type::accept);
    REQUIRE(accepted.size() == 1);
    CHECK(*accepted[0].entry.fields.at("owner").text() == "bob@site.example");
    CHECK(*accepted[0].entry.fields.at("range").text() == "192.0.2.0/24");
    CHECK(f.send("x@ext.example", {"y@other.example"}, message) == "RLY-OPN");
    f.connect(smtp::Service::mx, "192.0.3.0");
    CHECK(f.send("bob@site.example", {"x@ext.example"}, message) == "RLY-OPN");
}

TEST_CASE("[J5] role mail goes to the role's members, or to the role where none are named") {
    Fixture f;
    f.connect(smtp::Service::mx, "203.0.113.9");
    CHECK(f.send("", {"ABUSE@site.example"}, message) == "250");
    auto entries = f.entries();
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].recipients[0].address.text() == "Alice@site.example");
    CHECK(entries[1].recipients[0].address.text() == "team@ext.example");
    CHECK(f.audited(audit::Type::expand).size() == 1);
    f.clock.advance(std::chrono::milliseconds(1));
    CHECK(net::run(f.session->mail({})));
    CHECK(net::run(f.session->rcpt({.recipient = {.local_part = "Postmaster"}})));
    CHECK(net::run(f.session->begin_body()));
    CHECK(net::run(f.session->body(message)));
    CHECK(net::run(f.session->end_body()));
    CHECK(f.entries().back().recipients[0].address.text() == "Postmaster@site.example");
}

TEST_CASE("an entry holds as many recipients as can be read back; the rest is another one") {
    Fixture f;
    submission::Recipients recipients(f.directory);
    for (std::size_t i = 0; i <= queue::recipients_max; ++i)
        net::run(recipients.add(
            {.recipient = mailbox(("x" + std::to_string(i) + "@ext.example").c_str())}, {}));
    const queue::Entry base{.id = {.message = queue::QueueId::make(1)}};
    const auto entries = recipients.entries(base, *f.directory.site());
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].recipients.size() == queue::recipients_max);
    CHECK(entries[1].recipients.size() == 1);
    CHECK(entries[1].id.index == 1);
    const auto read = queue::read_entry(queue::record_of(entries[0]));
    REQUIRE(read);
    CHECK(read->recipients == entries[0].recipients);
}

// RFC 3461 §5.2.7.3 (c).
TEST_CASE("of a role with several members one report says that it was sent on") {
    const auto entries = [](Fixture& f) {
        f.connect(smtp::Service::mx, "192.0.2.77");
        CHECK(net::run(f.session->mail({.sender = mailbox("bob@site.example")})));
        for (int i = 0; i < 2; ++i)
            CHECK(net::run(
                f.session->rcpt({.recipient = mailbox("abuse@site.example"),
                                 .notify = {.is_given = true, .success = true, .failure = true},
                                 .original_recipient = "rfc822;Abuse@site.example"})));
        CHECK(net::run(f.session->begin_body()));
        CHECK(net::run(f.session->body(message)));
        CHECK(net::run(f.session->end_body()));
        return f.entries();
    };
    Fixture f;
    const auto several = entries(f);
    REQUIRE(several.size() == 3);
    CHECK(several[0].destination.kind == queue::Destination::Kind::discard);
    REQUIRE(several[0].recipients.size() == 1);
    const queue::Recipient& role = several[0].recipients[0];
    CHECK(role.address.text() == "abuse@site.example");
    CHECK(role.original == "rfc822;Abuse@site.example");
    CHECK(role.is_expanded);
    CHECK(role.notify_success);
    for (std::size_t i = 1; i < 3; ++i) {
        const queue::Recipient& member = several[i].recipients.at(0);
        CHECK_FALSE(member.is_expanded);
        CHECK(member.notify_given);
        CHECK_FALSE(member.notify_success);
        CHECK(member.notify_failure);
        CHECK(member.original == "rfc822;Abuse@site.example");
    }
    // §5.2.7.2: one member is who was written to.
    Fixture single;
    single.give_abuse({"team@ext.example"});
    const auto one = entries(single);
    REQUIRE(one.size() == 1);
    CHECK(one[0].recipients.at(0).notify_success);
}

TEST_CASE("an address beyond ASCII that was replaced is told in the type utf-8") {
    Fixture f;
    const directory::Principal before = *net::run(f.directory.find_principal(f.alice.id));
    directory::Principal alice = before;
    alice.aliases = {"c\u00e4rol@site.example"};
    f.apply(f.directory.update_principal(before, alice));
    f.as_alice();
    CHECK(f.send("alice@site.example", {"c\u00e4rol@site.example"}, message) == "250");
    CHECK(f.entries().at(0).recipients.at(0).original == "utf-8;c\u00e4rol@site.example");
}

TEST_CASE("whoever is reached twice gets one copy; too many recipients are refused for now") {
    Fixture f;
    f.as_alice();
    CHECK(f.send("alice@site.example",
                 {"al@site.example", "ALICE@site.example", "alice@site.example"},
                 message) == "250");
    REQUIRE(f.entries().size() == 1);
    CHECK(f.entries()[0].recipients.size() == 1);
    CHECK(f.send("alice@site.example",
                 {"a@e.example", "b@e.example", "c@e.example", "d@e.example", "e@e.example",
                  "f@e.example"},
                 message) == "452");
}

// RFC 5321 §2.4: they may be three people.
TEST_CASE("case in a foreign address is its own host's to read: each form gets its copy") {
    const auto recipients = [](Fixture& f) {
        std::vector<std::string> texts;
        for (const queue::Entry& entry : f.entries())
            for (const queue::Recipient& recipient : entry.recipients)
                texts.push_back(recipient.address.text());
        return texts;
    };
    Fixture f;
    f.as_alice();
    CHECK(f.send("alice@site.example",
                 {"karl@ext.example", "Karl@EXT.example", "\u212aarl@ext.example",
                  "\"karl\"@ext.example", "karl@ext.example"},
                 message) == "250");
    CHECK(recipients(f) == std::vector<std::string>{"karl@ext.example", "Karl@ext.example",
                                                    "\u212aarl@ext.example"});

    Fixture role;
    role.give_abuse({"gross@ext.example", "gro\u00df@ext.example", "gross@EXT.example"});
    role.connect(smtp::Service::mx, "203.0.113.9");
    CHECK(role.send("", {"abuse@site.example"}, message) == "250");
    CHECK(recipients(role) ==
          std::vector<std::string>{"gross@ext.example", "gro\u00df@ext.example"});
}

TEST_CASE("what is asked of reports about the message goes into the queue as it was given") {
    using Given = smtp::MailFrom::Return;
    Fixture f;
    f.as_alice();
    std::vector<queue::Return> kept;
    for (const Given given : {Given::unspecified, Given::full, Given::headers}) {
        f.clock.advance(std::chrono::milliseconds(1));
        CHECK(net::run(f.session->mail({.sender = mailbox("alice@site.example"), .ret = given})));
        CHECK(net::run(f.session->rcpt({.recipient = mailbox("x@ext.example")})));
        CHECK(net::run(f.session->begin_body()));
        CHECK(net::run(f.session->body(message)));
        CHECK(net::run(f.session->end_body()));
        kept.push_back(f.entries().back().ret);
    }
    using Kept = queue::Return;
    CHECK(kept == std::vector{Kept::unspecified, Kept::full, Kept::headers});
}

TEST_CASE(
    "[O2] wrong passwords, unknown names and blocked accounts are refused, and guessing ends") {
    Fixture f;
    f.connect(smtp::Service::submission, "203.0.113.9");
    CHECK(f.log_in("alice", "wrong").error().code == "USR-CRD");
    CHECK(f.log_in("nobody", "secret").error() == f.log_in("alice", "wrong").error());
    CHECK(f.log_in("AL@site.example", "secret"));
    CHECK(f.log_in("alice", "secret"));  // remembered
    const auto stored = net::run(f.directory.find_principal(f.alice.id)).value();
    directory::Principal blocked = stored;
    blocked.state = directory::Principal::State::blocked;
    f.apply(f.directory.update_principal(stored, blocked));
    CHECK(f.log_in("alice", "secret").error().code == "USR-BLK");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, message) == "USR-BLK");
    for (int i = 0; i < 10; ++i) CHECK_FALSE(f.log_in("bob", "guess"));
    CHECK(f.log_in("bob", "guess").error().code == "USR-TRY");
    f.connect(smtp::Service::submission, "203.0.113.10");
    CHECK(f.log_in("bob", "guess").error().code == "USR-CRD");
    CHECK(f.audited(audit::Type::auth_ok).size() == 2);
}

TEST_CASE(
    "[T04] an account that is guessed at is open to known devices only, and never looked at") {
    Fixture f;
    const auto try_from = [&](const std::string& client, const char* login, const char* password) {
        f.connect(smtp::Service::submission, client.c_str());
        const auto outcome = f.log_in(login, password);
        return outcome ? "" : outcome.error().code;
    };
    CHECK(try_from("203.0.113.9", "alice", "secret") == "");
    const auto guess = [&](const char* login) {
        for (int i = 0; i < 10; ++i)
            CHECK(try_from("198.51." + std::to_string(i) + ".1", login,
                           ("guess" + std::to_string(i)).c_str()) == "USR-CRD");
    };
    guess("AL@site.example");  // the same account, whatever it is called
    guess("nobody");
    CHECK(f.held_back.size() == 16);
    CHECK(f.held_back.front() == std::chrono::seconds(1));
    for (const char* login : {"alice", "nobody"}) {
        CHECK(try_from("198.51.100.7", login, "secret") == "USR-GUE");
        CHECK(try_from("198.51.100.7", login, "other") == "USR-GUE");
    }
    CHECK(try_from("203.0.113.200", "alice", "secret") == "");  // the same network as before
    CHECK(try_from("203.0.113.9", "alice", "wrong") == "USR-CRD");
    // The device is known to the store, so also after a restart, for thirty days.
    submission::Authenticator again(f.directory, f.pool, f.clock,
                                    [](std::chrono::milliseconds) { return Fixture::at_once(); });
    net::run(again.load(*f.store));
    const auto log_in_again = [&](const char* client, const char* password) {
        const auto outcome =
            net::run(again.password("alice", password, *net::Address::parse(client), "submission"));
        return outcome ? "" : outcome.error().code;
    };
    for (int i = 0; i < 10; ++i)
        (void)log_in_again(("198.51." + std::to_string(i) + ".1").c_str(),
                           ("guess" + std::to_string(i)).c_str());
    CHECK(log_in_again("203.0.113.77", "secret") == "");
    CHECK(log_in_again("198.51.100.7", "secret") == "USR-GUE");
    f.clock.advance(std::chrono::hours(31 * 24));
    for (int i = 0; i < 10; ++i)
        (void)log_in_again(("198.51." + std::to_string(i) + ".1").c_str(),
                           ("guess" + std::to_string(i)).c_str());
    CHECK(log_in_again("203.0.113.77", "secret") == "USR-GUE");
}

TEST_CASE("[T04] a password that is tried on many accounts is wrong on all of them") {
    Fixture f;
    for (int i = 0; i < 10; ++i) {
        f.connect(smtp::Service::submission, ("198.51." + std::to_string(i) + ".1").c_str());
        CHECK_FALSE(f.log_in(("user" + std::to_string(i)).c_str(), "secret"));
    }
    f.connect(smtp::Service::submission, "198.51.77.1");
    CHECK(f.log_in("alice", "secret").error().code == "USR-CRD");
    f.clock.advance(std::chrono::minutes(10));
    CHECK(f.log_in("alice", "secret"));
}

TEST_CASE("[T05] who has sent much is asked to wait; the machine itself is not") {
    Fixture f;
    f.as_alice();
    for (int i = 0; i < 30; ++i)
        CHECK(f.send("alice@site.example", {"x@ext.example"}, message) == "250");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, message) == "USR-FLD");
    f.as_alice();  // another session of the same person
    CHECK(f.send("alice@site.example", {"x@ext.example"}, message) == "USR-FLD");
    f.clock.advance(std::chrono::seconds(66));
    CHECK(f.send("alice@site.example", {"x@ext.example"}, message) == "250");
    for (const char* client : {"192.0.2.7", "192.0.2.8"}) {
        f.connect(smtp::Service::mx, client);
        for (int i = 0; i < 60; ++i)
            CHECK(f.send("bob@site.example", {"x@ext.example"}, message) == "250");
        CHECK(f.send("bob@site.example", {"x@ext.example"}, message) == "USR-FLD");
    }
    f.apply(f.directory.add_range({.id = directory::RangeId::make(3),
                                   .network = *net::Network::parse("127.0.0.1/32"),
                                   .owner = "bob@site.example"}));
    f.connect(smtp::Service::mx, "127.0.0.1");
    for (int i = 0; i < 100; ++i)
        CHECK(f.send("bob@site.example", {"x@ext.example"}, message) == "250");
    f.gateway.set_options({.hostname = "mx.site.example", .node = "n1", .limits_rates = false});
    f.connect(smtp::Service::mx, "192.0.2.8");
    CHECK(f.send("bob@site.example", {"x@ext.example"}, message) == "250");
}

TEST_CASE("[R02] where a range asks for it, its machines must have a name that leads back") {
    Fixture f;
    f.apply(f.directory.add_range({.id = directory::RangeId::make(2),
                                   .network = *net::Network::parse("192.0.2.128/25"),
                                   .owner = "bob@site.example",
                                   .needs_name = true}));
    const auto send_from = [&](const char* client) {
        f.connect(smtp::Service::mx, client);
        return f.send("bob@site.example", {"x@ext.example"}, message);
    };
    CHECK(send_from("192.0.2.1") == "250");  // of the wider range, which does not ask
    CHECK(send_from("192.0.2.129") == "HST-PTR");
    f.dns.ptr("192.0.2.130", "printer.site.example").a("printer.site.example", "192.0.2.130");
    CHECK(send_from("192.0.2.130") == "250");
    f.dns.ptr("192.0.2.131", "printer.site.example");  // which is somebody else
    CHECK(send_from("192.0.2.131") == "HST-PTR");
    f.dns.ptr("192.0.2.132", "gone.site.example").ptr("192.0.2.132", "scanner.site.example");
    f.dns.a("scanner.site.example", "192.0.2.132");
    CHECK(send_from("192.0.2.132") == "250");
    f.dns.ptr("192.0.2.133", "dark.site.example");
    f.dns.trouble("dark.site.example", dns::Type::a);
    CHECK(send_from("192.0.2.133") == "HST-DNS");
    // Mail from elsewhere for our people is no business of the range.
    f.connect(smtp::Service::mx, "192.0.2.129");
    CHECK(f.send("x@ext.example", {"bob@site.example"}, "From: x@ext.example\r\n\r\nhello\r\n") ==
          "250");
}

TEST_CASE("a changed password counts at once, remembered or not") {
    Fixture f;
    f.as_alice();
    f.apply(f.directory.set_credential({.id = directory::CredentialId::make(2),
                                        .principal = f.alice.id,
                                        .argon2 = *crypto::hash_password("new")}));
    CHECK_FALSE(f.log_in("alice", "secret"));
    CHECK(f.log_in("alice", "new"));
}

TEST_CASE("[R07] a thousand guesses of addresses from one network learn ten answers") {
    Fixture f;
    int learnt = 0;
    for (int i = 0; i < 1000; ++i) {
        f.connect(smtp::Service::mx, "203.0.113.9");
        CHECK(net::run(f.session->mail({})));
        const auto answer = net::run(f.session->rcpt(
            {.recipient = mailbox(("guess" + std::to_string(i) + "@site.example").c_str())}));
        learnt += answer.error().code == "RCP-UNK";
    }
    CHECK(learnt == 10);
    f.connect(smtp::Service::mx, "203.0.113.10");
    CHECK(f.send("", {"bob@site.example"}, message) == "250");
}

TEST_CASE(
    "[R07] to our own an unknown recipient is a mistake, and counts as a recipient elsewhere") {
    Fixture f;
    const auto answer = [&](const std::string& who) {
        const auto said = net::run(f.session->rcpt({.recipient = mailbox(who.c_str())}));
        return said ? Refusal{.code = "250"} : said.error();
    };
    const auto guess = [&](int i) { return "gone" + std::to_string(i) + "@site.example"; };
    for (const bool is_person : {true, false}) {
        if (is_person)
            f.as_alice();
        else
            f.connect(smtp::Service::mx, "192.0.2.7");
        CHECK(net::run(f.session->mail({.sender = mailbox("alice@site.example")})));
        CHECK(answer("bob@site.example").code == "250");
        const int most = is_person ? 299 : 199;
        for (int i = 0; i < most; ++i) {
            const Refusal refusal = answer(guess(i));
            CHECK(refusal.code == "RCP-UNK");
            CHECK(refusal.reply_code == 550);
            CHECK(refusal.kind != Refusal::Kind::not_found);
        }
        // Then known and unknown ones are answered alike, in this session and in the next one.
        CHECK(answer(guess(most)).code == "USR-FLD");
        f.session->reset();
        CHECK(net::run(f.session->mail({.sender = mailbox("alice@site.example")})));
        CHECK(answer(guess(most)).code == "RCP-UNK");
        CHECK(answer(guess(most)).code == "USR-FLD");
        CHECK(answer("bob@site.example").code == "USR-FLD");
    }
}

TEST_CASE("as many recipients are announced as one message may have") {
    Fixture f;
    f.gateway.set_options({.hostname = "mx.site.example", .recipients_max = 1000});
    f.as_alice();
    CHECK(f.session->recipients_max() == 1000);
    f.connect(smtp::Service::mx, "203.0.113.9");
    CHECK(f.session->recipients_max() == 1000);
    f.connect(smtp::Service::mx, "192.0.2.7");
    CHECK(f.session->recipients_max() == 100);
    CHECK(net::run(f.session->mail({.sender = mailbox("alice@site.example")})));
    for (int i = 0; i < 100; ++i)
        CHECK(net::run(f.session->rcpt(
            {.recipient = mailbox(("x" + std::to_string(i) + "@ext.example").c_str())})));
    CHECK(net::run(f.session->rcpt({.recipient = mailbox("y@ext.example")})).error().reply_code ==
          452);
    f.gateway.set_options({.hostname = "mx.site.example", .recipients_max = 50});
    f.connect(smtp::Service::mx, "192.0.2.7");
    CHECK(f.session->recipients_max() == 50);
}

TEST_CASE("limits of size hold for the octets that come, whatever was announced") {
    Fixture f;
    f.as_alice();
    CHECK(net::run(
              f.session->mail({.sender = mailbox("alice@site.example"), .size_bytes = 1'000'001}))
              .error()
              .code == "MSG-BIG");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, message + std::string(1'000'000, 'x')) ==
          "MSG-BIG");
    CHECK(f.send("alice@site.example", {"x@ext.example"},
                 "Subject: x\r\n" + std::string(900'000, 'x')) != "250");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, message) == "250");
    CHECK(f.entries().size() == 1);
}

TEST_CASE("[P15] UTF-8 leaves under SMTPUTF8 only") {
    Fixture f;
    f.apply(f.directory.add_principal({.id = directory::PrincipalId::make(3),
                                       .login = "mueller",
                                       .published = {"m\xc3\xbcller@site.example"},
                                       .aliases = {"mueller@site.example"}}));
    f.connect(smtp::Service::mx, "203.0.113.9");
    CHECK(f.send("x@ext.example", {"mueller@site.example"}, message) == "250");
    CHECK(f.entries()[0].recipients[0].address.text() == "mueller@site.example");
    CHECK_FALSE(f.entries()[0].smtputf8);
    // What came without it goes on without it.
    CHECK(f.send("x@ext.example", {"mueller@site.example"}, "Subject: \xc3\xbc\r\n" + message) ==
          "250");
    CHECK_FALSE(f.entries()[1].smtputf8);
    // The members of a role are our choice, not the sender's.
    f.give_abuse({"m\xc3\xbcller@site.example"});
    CHECK(f.send("x@ext.example", {"abuse@site.example"}, message) == "250");
    CHECK(f.entries()[2].recipients[0].address.needs_smtputf8());
    CHECK(f.entries()[2].smtputf8);
}

TEST_CASE("[P10] nobody hands in results of checks in our name, from outside or as one of ours") {
    const std::string forged =
        "Authentication-Results: mx.site.example; dkim=pass\r\nX-Pidge-MIME: conform\r\n"
        "authentication-results: ((x)) \"mx\\.site.example\" 1;\r\n spf=pass\r\n";
    const std::string others = "Authentication-Results: mx.ext.example; spf=pass\r\n";
    for (const char* client : {"203.0.113.9", "192.0.2.77", ""}) {
        CAPTURE(client);
        Fixture f;
        if (*client)
            f.connect(smtp::Service::mx, client);
        else
            f.as_alice();
        CHECK(f.send("alice@site.example", {"bob@site.example"}, forged + others + message) ==
              "250");
        CHECK(f.stored(f.entries()[0]) == others + message);
    }
}

TEST_CASE("a message may end with its header (RFC 5322 §3.5)") {
    Fixture f;
    f.as_alice();
    const std::string header = message.substr(0, message.find("\r\n\r\n"));
    for (const char* end : {"", "\r\n"})
        CHECK(f.send("alice@site.example", {"x@ext.example"}, header + end) == "250");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, "From: alice@site.example") == "250");
    CHECK(f.stored(f.entries()[0]) == header + "\r\n\r\n");
    CHECK(f.stored(f.entries()[1]) == header + "\r\n\r\n");
    CHECK(f.stored(f.entries()[2]).ends_with("\r\nTo: undisclosed-recipients:;\r\n\r\n"));
}

TEST_CASE("a header may name as many as it takes") {
    Fixture f;
    f.as_alice();
    std::string many = "Cc: x@ext.example";
    for (int i = 0; i < 1500; ++i)
        many += ",\r\n recipient-number-" + std::to_string(i) + "@some-department.ext.example";
    CHECK(f.send("alice@site.example", {"x@ext.example"}, many + "\r\n" + message) == "250");
    for (int i = 0; i < 500; ++i) many += ",\r\n x@ext.example";
    CHECK(f.send("alice@site.example", {"x@ext.example"}, many + "\r\n" + message) == "HDR-BIG");
    // What is too large only because aliases become published addresses hears the same.
    std::string field = "Resent-From: al@site.example", grown;
    for (int i = 1; i < 1900; ++i) field += ",\r\n al@site.example";
    while (grown.size() < 950'000) grown += field + "\r\n";
    CHECK(f.send("alice@site.example", {"x@ext.example"}, grown + message) == "HDR-BIG");
}

TEST_CASE("[J11] broken MIME is refused with what is wrong") {
    Fixture f;
    f.as_alice();
    std::string broken = message;
    broken.insert(0, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, broken) == "MIM-BRK");
    CHECK(f.send("alice@site.example", {"x@ext.example"}, "") == "MSG-EMP");
}
