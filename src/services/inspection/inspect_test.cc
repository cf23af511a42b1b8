#include "services/inspection/inspect.h"

#include <doctest/doctest.h>

#include "mail/audit/trail.h"
#include "mail/directory/directory.h"
#include "mail/directory/records.h"
#include "mail/queue/entry_record.h"
#include "mail/queue/plan.h"
#include "system/net/blocking.h"
#include "system/store/blob_record.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using store::Change;
using store::Space;

namespace {

WallTime noon() {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21));
}

// A small site with one account, one message for two destinations (the body small or large), and an
// audit log.
struct Site {
    explicit Site(std::size_t body_octets = 1000) {
        commit(run(directory.add_domain({.name = "site.test", .created = noon()})).value());
        run(directory.reload());
        const auto id = directory::PrincipalId::make(1'700'000'000'000);
        commit(run(directory.add_principal({.id = id,
                                            .login = "Alice",
                                            .published = {"alice@site.test"},
                                            .aliases = {"a.b@site.test"},
                                            .created = noon()}))
                   .value());
        const auto writer = store->write_blob();
        run(writer->write(Bytes(body_octets, 'x')));
        const store::Blob body = run(writer->finish());
        for (std::uint16_t i = 0; i < 2; ++i) {
            queue::Entry entry;
            entry.id = {message, i};
            entry.destination.host = i == 0 ? "a.test" : "b.test";
            entry.recipients.push_back({.address = {.local_part = "x", .domain = "a.test"}});
            entry.body = body.id;
            entry.body_bytes = body.size_bytes;
            entry.arrived = entry.due = noon();
            entries.push_back(entry);
        }
        Change change;
        queue::plan_enqueue(change, entries, body);
        for (int i = 0; i < 3; ++i)
            trail.append(change, trail.entry(audit::Type::heartbeat, "test", {}));
        commit(std::move(change));
    }

    template <typename T>
    T run(net::Task<T> task) {
        return net::run_blocking(std::move(task));
    }
    void commit(Change change) { REQUIRE(run(store->commit(std::move(change)))); }
    void damage(std::function<void(Change&)> how) {
        Change change;
        how(change);
        commit(std::move(change));
    }
    inspection::Report report() {
        return run(inspection::inspect(*store, [](const store::Progress&) { return true; }))
            .value();
    }
    // What is told about one damage: the texts, joined.
    std::string told() {
        std::string all;
        for (const inspection::Finding& finding : report().findings)
            all += finding.about + ": " + finding.text + "\n";
        return all;
    }
    bool tells(std::string_view text) { return told().find(text) != std::string::npos; }

    ManualClock clock{noon()};
    std::unique_ptr<store::Store> store = store::open_memory(clock);
    directory::Directory directory{*store, clock};
    audit::Trail trail{*store, clock, "audit.site/n1"};
    queue::QueueId message = queue::QueueId::make(1'700'000'000'000);
    std::vector<queue::Entry> entries;
};

}  // namespace

TEST_CASE("A sound store has no problems, and everything in it is read") {
    for (const std::size_t body_octets :
         {std::size_t{0}, std::size_t{1000}, std::size_t{700'000}}) {
        Site site(body_octets);
        const auto report = site.report();
        CHECK(site.told() == "");
        CHECK(report.problems == 0);
        CHECK(report.body_octets == body_octets);
        CHECK(report.counts.at(Space::queue) == 2);
        CHECK(report.counts.at(Space::due) == 2);
        REQUIRE(report.logs.size() == 1);
        CHECK(report.logs[0].end.number == 3);
    }
}

TEST_CASE("An entry that is never due, and due work without an entry, are found") {
    Site site;
    const Bytes key = site.entries[0].id.key();
    site.damage([&](Change& change) {
        change.unschedule(site.entries[0].destination.group(), site.entries[0].due, key);
    });
    CHECK(site.tells("never due"));
    site.damage([&](Change& change) { change.erase(Space::queue, site.entries[1].id.key()); });
    CHECK(site.tells("What is due is not in the queue."));
    CHECK(site.tells("1 entries of the queue hold it, and its record counts 2."));
}

TEST_CASE("Bodies that are missing, altered, or miscounted are found") {
    std::size_t body_octets = 1000;
    SUBCASE("small") {}
    SUBCASE("large") {
        body_octets = 700'000;
    }
    {
        Site site(body_octets);
        const auto chunk = site.run(site.store->scan(Space::chunk, {})).back();
        SUBCASE("altered, with a checksum that fits") {
            Bytes octets(*store::read_chunk(chunk.value));
            octets[7] ^= 1;
            site.damage([&](Change& change) {
                change.put(Space::chunk, chunk.key, store::write_chunk(octets));
            });
            CHECK(site.tells("not those it is named after"));
        }
        SUBCASE("missing") {
            site.damage([&](Change& change) { change.erase_range(Space::chunk, "", ""); });
            CHECK(site.tells("Its octets are not there."));
        }
        SUBCASE("without a record") {
            site.damage([&](Change& change) { change.erase_range(Space::blob, "", ""); });
            CHECK(site.tells("is not there."));
            CHECK(site.tells(body_octets == 1000 ? "no record of it"
                                                 : "Chunks of a body that nothing knows of."));
        }
    }
}

TEST_CASE("Records that cannot be read, and names that lead nowhere, are found") {
    Site site;
    SUBCASE("an entry") {
        site.damage([&](Change& change) {
            change.put(Space::queue, site.entries[0].id.key(), "\x01\xff");
        });
        CHECK(site.tells("The entry cannot be read."));
    }
    SUBCASE("a principal that is gone") {
        const auto principal = site.run(site.directory.find_login("alice")).value();
        site.damage([&](Change& change) {
            change.erase(Space::principal, directory::principal_key(principal.id));
        });
        CHECK(site.tells("The login names a principal that is not there."));
        CHECK(site.tells("It belongs to a principal that is not there."));
    }
    SUBCASE("a login that is another's address") {
        const auto id = directory::PrincipalId::make(1'800'000'000'000);
        site.commit(site.run(site.directory.add_principal({.id = id,
                                                           .login = "evil",
                                                           .published = {"evil@site.test"},
                                                           .created = noon()}))
                        .value());
        CHECK(site.told() == "");
        site.damage([&](Change& change) {
            change.put(Space::principal, directory::login_key("evil@site.test"), Bytes(id.bytes()));
        });
        CHECK(site.told() == "");  // its own
        site.damage([&](Change& change) {
            change.put(Space::principal, directory::login_key("a.b@site.test"), Bytes(id.bytes()));
        });
        CHECK(site.tells("The login is an address of another account"));
    }
    SUBCASE("a domain that is gone") {
        site.damage([&](Change& change) { change.erase(Space::domain, "site.test"); });
        CHECK(site.tells("Its domain is not one of this site."));
    }
    SUBCASE("a counter") {
        site.damage([&](Change& change) { change.put(Space::counter, "state:x", "abc"); });
        CHECK(site.tells("A counter has 8 octets."));
    }
}

TEST_CASE("[J23] An audit log with an altered, missing or forged entry is found") {
    Site site;
    const auto entry = site.run(site.store->scan(Space::audit, {})).at(1);
    SUBCASE("altered") {
        Bytes altered = entry.value;
        altered.back() ^= 1;
        site.damage([&](Change& change) { change.put(Space::audit, entry.key, altered); });
        CHECK(site.tells("Entry 2 was altered"));
    }
    SUBCASE("missing") {
        site.damage([&](Change& change) { change.erase(Space::audit, entry.key); });
        CHECK(site.tells("Entry 2 is missing or damaged."));
    }
    SUBCASE("cut at its end") {
        site.damage([&](Change& change) {
            change.erase(Space::audit, store::log_key("audit.site/n1", 3));
        });
        CHECK(site.tells("It ends with entry 2, and its end mark says 3."));
    }
    SUBCASE("all of it") {
        site.damage([&](Change& change) { change.erase_range(Space::audit, "", ""); });
        CHECK(site.tells("All its entries are missing."));
    }
}
