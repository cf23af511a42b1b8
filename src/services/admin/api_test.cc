#include "services/admin/api.h"

#include <doctest/doctest.h>

#include "base/clock.h"
#include "formats/json/text.h"
#include "mail/queue/plan.h"
#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/types.h"
#include "system/net/spawn.h"
#include "system/store/memory/memory_store.h"

namespace pidge::admin {
namespace {

// A site in memory, spoken to as the control socket does.
struct Site {
    ManualClock clock{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};
    std::unique_ptr<store::Store> store = store::open_memory(clock);
    directory::Directory directory{*store, clock};
    audit::Trail trail{*store, clock, "audit.site/n1"};
    net::Pool pool{{.name = "test", .threads = 1}};
    Caller caller{.way = Caller::Way::socket, .uid = 1000, .name = "ada"};
    bool reported = false;
    Api api{Parts{.store = *store,
                  .directory = directory,
                  .trail = trail,
                  .clock = clock,
                  .pool = pool,
                  .plan_report = [this](queue::Entry, store::Change&) { return report(); },
                  .status = [] { return json::Object{{"node", "n1"}}; }}};

    net::Task<Result<std::optional<Wake>>> report() {
        reported = true;
        co_return std::optional<Wake>();
    }

    json::Value raw(const std::string& request) {
        const auto answer = net::run(api.call(request, caller));
        return *json::parse(answer.body);
    }
    json::Value calls(const std::string& method_calls) {
        return raw(R"({"using":["urn:ietf:params:jmap:core","urn:pidge:params:jmap:site"],)"
                   R"("methodCalls":)" +
                   method_calls + "}");
    }
    // One call; its name must come back.
    json::Value call(const std::string& name, const std::string& arguments) {
        const json::Value response = calls("[[\"" + name + "\"," + arguments + ",\"0\"]]");
        const json::Value* got = response.find_pointer("/methodResponses/0/0");
        REQUIRE(got != nullptr);
        CHECK_MESSAGE(got->string() == name, json::serialise(response));
        return *response.find_pointer("/methodResponses/0/1");
    }
    std::string error(const std::string& name, const std::string& arguments) {
        const json::Value response = calls("[[\"" + name + "\"," + arguments + ",\"0\"]]");
        CHECK(*response.find_pointer("/methodResponses/0/0") == json::Value("error"));
        return response.find_pointer("/methodResponses/0/1/type")->string();
    }
    std::string create(const std::string& type, const std::string& object) {
        const json::Value set = call(type + "/set", R"({"create":{"k":)" + object + "}}");
        const json::Value* id = set.find_pointer("/created/k/id");
        REQUIRE_MESSAGE(id != nullptr, json::serialise(set));
        return id->string();
    }
    std::string refused(const std::string& type, const std::string& object) {
        const json::Value set = call(type + "/set", R"({"create":{"k":)" + object + "}}");
        const json::Value* why = set.find_pointer("/notCreated/k/description");
        REQUIRE_MESSAGE(why != nullptr, json::serialise(set));
        return why->string();
    }
    std::vector<audit::Numbered> audited(audit::Type type) {
        return net::run(trail.search({.types = {type}}));
    }
};

std::string text_at(const json::Value& value, const std::string& pointer) {
    const json::Value* found = value.find_pointer(pointer);
    REQUIRE_MESSAGE(found != nullptr, (pointer + " in " + json::serialise(value)));
    return found->is_string() ? found->string() : json::serialise(*found);
}

queue::Entry entry_of(const std::string& domain, WallTime arrived) {
    queue::Entry entry;
    entry.id.message = queue::QueueId::make(arrived.time_since_epoch().count() / 1000);
    entry.destination.host = domain;
    entry.sender = *address::parse_mailbox("ada@site.example");
    entry.recipients.push_back({.address = *address::parse_mailbox("bob@" + domain)});
    entry.arrived = arrived;
    entry.due = arrived + std::chrono::minutes(30);
    entry.attempts = domain == "slow.example" ? 3 : 0;
    return entry;
}

std::string enqueue(Site& site, const std::string& domain) {
    store::Change change;
    auto writer = site.store->write_blob();
    net::run(writer->write("Subject: hi\r\n\r\nhi\r\n"));
    const store::Blob body = net::run(writer->finish());
    queue::Entry entry = entry_of(domain, site.clock.now());
    entry.body = body.id;
    entry.body_bytes = body.size_bytes;
    queue::plan_enqueue(change, {entry}, body);
    REQUIRE(net::run(site.store->commit(change)));
    site.clock.advance(std::chrono::seconds(1));
    return entry.id.text();
}

TEST_CASE("A request that is none is told as RFC 8620 §3.6.1 says") {
    Site site;
    CHECK(text_at(site.raw("{"), "/type") == "urn:ietf:params:jmap:error:notJSON");
    CHECK(text_at(site.raw("{}"), "/type") == "urn:ietf:params:jmap:error:notRequest");
    CHECK(text_at(site.raw(R"({"using":["x"],"methodCalls":[]})"), "/type") ==
          "urn:ietf:params:jmap:error:unknownCapability");
    std::string many;
    for (int i = 0; i < 17; ++i) many += std::string(i ? "," : "") + R"(["Core/echo",{},"0"])";
    CHECK(text_at(site.calls("[" + many + "]"), "/type") == "urn:ietf:params:jmap:error:limit");
}

TEST_CASE("Unknown methods, accounts and arguments are errors of their call alone") {
    Site site;
    CHECK(site.error("Domain/frobnicate", "{}") == "unknownMethod");
    CHECK(site.error("Banana/get", "{}") == "unknownMethod");
    CHECK(site.error("Domain", "{}") == "unknownMethod");
    CHECK(site.error("Domain/get", R"({"accountId":"other"})") == "accountNotFound");
    CHECK(site.error("Domain/get", R"({"idz":null})") == "invalidArguments");
    CHECK(site.error("Domain/get", R"({"properties":["colour"]})") == "invalidArguments");
    CHECK(site.error("Domain/query", R"({"filter":{"colour":"red"}})") == "unsupportedFilter");
    CHECK(site.error("Domain/query", R"({"sort":[{"property":"colour"}]})") == "unsupportedSort");
    CHECK(site.error("Domain/changes", R"({"sinceState":"0"})") == "cannotCalculateChanges");
    const json::Value both = site.calls(R"([["Nope/get",{},"a"],["Core/echo",{"x":1},"b"]])");
    CHECK(text_at(both, "/methodResponses/0/0") == "error");
    CHECK(text_at(both, "/methodResponses/1/1/x") == "1");
}

TEST_CASE("A domain is added, shown, changed and removed, and each change is audited") {
    Site site;
    CHECK(site.create("Domain", R"({"name":"SITE.example"})") == "site.example");
    const json::Value got = site.call("Domain/get", R"({"ids":["site.example","no.example"]})");
    CHECK(text_at(got, "/list/0/name") == "site.example");
    CHECK(text_at(got, "/notFound/0") == "no.example");
    CHECK(site.refused("Domain", R"({"name":"site.example"})").find("exists already") !=
          std::string::npos);
    CHECK(site.refused("Domain", R"({"name":"site example"})") != "");
    CHECK(site.refused("Domain", R"({"nam":"x.example"})") != "");
    const json::Value updated = site.call(
        "Domain/set", R"({"update":{"site.example":{"postmaster":["ada@site.example"]}}})");
    CHECK(updated.find_pointer("/updated")->find("site.example") != nullptr);
    const json::Value after = site.call("Domain/get", R"({"ids":null})");
    CHECK(text_at(after, "/list/0/postmaster/0") == "ada@site.example");
    const json::Value renamed =
        site.call("Domain/set", R"({"update":{"site.example":{"name":"b.example"}}})");
    CHECK(renamed.find_pointer("/notUpdated")->find("site.example") != nullptr);
    const json::Value gone = site.call("Domain/set", R"({"destroy":["site.example"]})");
    CHECK(text_at(gone, "/destroyed/0") == "site.example");
    CHECK(text_at(site.call("Domain/get", "{}"), "/list") == "[]");

    const auto entries = site.audited(audit::Type::admin_action);
    REQUIRE(entries.size() == 3);
    const cbor::Map& newest = entries.front().entry.fields;
    CHECK(*newest.at("who").text() == "ada (uid 1000)");
    CHECK(*newest.at("what").text() == "Domain/set destroy");
    CHECK(*newest.at("object").text() == "site.example");
}

TEST_CASE("State changes with each change, and ifInState holds a late one off") {
    Site site;
    const std::string before = text_at(site.call("Domain/get", "{}"), "/state");
    site.create("Domain", R"({"name":"site.example"})");
    const std::string after = text_at(site.call("Domain/get", "{}"), "/state");
    CHECK(before != after);
    CHECK(site.error("Domain/set", R"({"ifInState":")" + before +
                                       R"(","destroy":["site.example"]})") == "stateMismatch");
}

TEST_CASE("One request can create a domain, an account in it and its password") {
    Site site;
    const json::Value response = site.calls(
        R"([["Domain/set",{"create":{"d":{"name":"site.example"}}},"0"],)"
        R"(["Account/set",{"create":{"a":{"published":["Ada.Lovelace@site.example"]}}},"1"],)"
        R"(["Credential/set",{"create":{"c":{"account":"#a","password":"correct horse"}}},"2"]])");
    CHECK(response.find_pointer("/methodResponses/2/1/created/c/id") != nullptr);
    CHECK(text_at(response, "/createdIds/d") == "site.example");
    CHECK(text_at(response, "/methodResponses/1/1/created/a/login") == "Ada.Lovelace");
}

TEST_CASE("Results of a query go into a get by reference (RFC 8620 §3.7)") {
    Site site;
    for (const char* name : {"b.example", "a.example", "c.example"})
        site.create("Domain", std::string(R"({"name":")") + name + "\"}");
    const json::Value response = site.calls(
        R"([["Domain/query",{"position":1,"limit":1,"calculateTotal":true},"q"],)"
        R"(["Domain/get",{"#ids":{"resultOf":"q","name":"Domain/query","path":"/ids"}},"g"],)"
        R"(["Domain/get",{"#ids":{"resultOf":"g","name":"Domain/get","path":"/list/*/id"}},"h"],)"
        R"(["Domain/get",{"#ids":{"resultOf":"z","name":"Domain/get","path":"/ids"}},"i"],)"
        R"(["Domain/get",{"ids":[],"#ids":{"resultOf":"q","name":"Domain/query","path":"/ids"}},"j"]])");
    CHECK(text_at(response, "/methodResponses/0/1/total") == "3");
    CHECK(text_at(response, "/methodResponses/1/1/list/0/id") == "b.example");
    CHECK(text_at(response, "/methodResponses/2/1/list/0/id") == "b.example");
    CHECK(text_at(response, "/methodResponses/3/1/type") == "invalidResultReference");
    CHECK(text_at(response, "/methodResponses/4/1/type") == "invalidArguments");
    const json::Value last = site.call("Domain/query", R"({"position":-1})");
    CHECK(text_at(last, "/ids") == R"(["c.example"])");
}

TEST_CASE("[J5] An account has addresses in our domains only, no role address, none twice") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    CHECK(site.refused("Account", R"({"published":["a@other.example"]})").find("not one of this") !=
          std::string::npos);
    CHECK(site.refused("Account", R"({"published":["PostMaster@site.example"]})")
              .find("role address") != std::string::npos);
    CHECK(site.refused("Account", R"({"published":[]})") != "");
    CHECK(site.refused("Account", R"({"published":["not an address"]})") != "");
    const std::string ada = site.create(
        "Account", R"({"login":"ada","name":"Ada","published":["ada.lovelace@site.example"]})");
    CHECK(site.refused("Account", R"({"published":["ADA.Lovelace@site.example"]})")
              .find("belongs to ada") != std::string::npos);
    const json::Value set =
        site.call("Account/set", R"({"update":{")" + ada +
                                     R"(":{"aliases":["al@site.example"],"state":"blocked"}}})");
    CHECK(set.find_pointer("/updated")->find(ada) != nullptr);
    const json::Value found =
        site.call("Account/query", R"({"filter":{"login":"AL@site.example"}})");
    CHECK(text_at(found, "/ids/0") == ada);
    CHECK(text_at(site.call("Account/query", R"({"filter":{"state":"active"}})"), "/ids") == "[]");
    CHECK(text_at(site.call("Account/query", R"({"filter":{"text":"lovelace"}})"), "/ids/0") ==
          ada);
    const json::Value domain = site.call("Domain/set", R"({"destroy":["site.example"]})");
    CHECK(text_at(domain, "/notDestroyed/site.example/description").find("addresses still") !=
          std::string::npos);
}

TEST_CASE("A filter that is empty, or a word that there is not, is refused and finds nobody") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    site.create("Account", R"({"published":["ada@site.example"]})");
    enqueue(site, "slow.example");
    const std::vector<std::pair<std::string, std::vector<std::string>>> filters = {
        {"Account", {"login", "text", "domain", "kind", "state", "after"}},
        {"Credential", {"account"}},
        {"Domain", {"text"}},
        {"AnonymousRange", {"text", "address"}},
        {"Route", {"text", "domain"}},
        {"QueueEntry",
         {"state", "destination", "sender", "recipient", "account", "queueId", "text",
          "arrivedBefore", "arrivedAfter", "after"}},
        {"AuditEntry", {"queueId", "sender", "account", "text", "from"}},
        {"TlsReport", {"domain", "text"}},
        {"Node", {"state"}}};
    for (const auto& [type, names] : filters)
        for (const std::string& name : names) {
            CAPTURE(type + " " + name);
            CHECK(site.error(type + "/query", R"({"filter":{")" + name + R"(":""}})") ==
                  "invalidArguments");
        }
    CHECK(site.error("AuditEntry/query", R"({"filter":{"types":[]}})") == "invalidArguments");
    for (const char* wrong : {"Account/query kind", "Account/query state", "QueueEntry/query state",
                              "Node/query state"}) {
        const std::string words = wrong;
        const std::size_t space = words.find(' ');
        CHECK(site.error(words.substr(0, space), R"({"filter":{")" + words.substr(space + 1) +
                                                     R"(":"foo"}})") == "invalidArguments");
    }
    CHECK(text_at(site.call("Account/query", R"({"filter":{"login":null}})"), "/ids/0") != "");
}

TEST_CASE("Single aliases are added and removed, whatever the others are by then") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    const std::string ada = site.create(
        "Account", R"({"published":["ada@site.example"],"aliases":["al@site.example"]})");
    const auto patch = [&](const std::string& members) {
        return site.call("Account/set", R"({"update":{")" + ada + R"(":{)" + members + "}}}");
    };
    const auto aliases = [&] {
        return text_at(site.call("Account/get", R"({"ids":[")" + ada + R"("]})"),
                       "/list/0/aliases");
    };
    const auto why = [&](const std::string& members) {
        return text_at(patch(members), "/notUpdated/" + ada + "/type");
    };
    patch(R"("aliases/a~1~0b@site.example":true)");
    CHECK(aliases() == R"(["al@site.example","a/~b@site.example"])");
    patch(R"("aliases/AL@site.example":null,"aliases/Al@site.example":true,"name":"Ada")");
    CHECK(aliases() == R"(["a/~b@site.example","Al@site.example"])");
    CHECK(why(R"("aliases/x@site.example":null)") == "notFound");
    CHECK(why(R"("aliases/Al@site.example":true)") == "alreadyExists");
    CHECK(why(R"("aliases/x@site.example":false)") == "invalidProperties");
    CHECK(why(R"("aliases/x@site.example":true,"aliases":[])") == "invalidProperties");
    CHECK(why(R"("aliases/x~@site.example":true)") == "invalidProperties");
    CHECK(why(R"("published/x@site.example":true)") == "invalidProperties");
    CHECK(aliases() == R"(["a/~b@site.example","Al@site.example"])");
}

// Plans an update of an account; somebody else changes the same one before it can be committed, as
// often as `rivals` says.
net::Task<Result<Plan>> plan_too_late(Site& site, DataType& type, std::string account,
                                      json::Place patch, int& rivals) {
    Plan plan = CO_TRY(co_await type.plan_update(account, patch));
    if (rivals-- > 0) {
        const std::string rival =
            R"({"using":["urn:pidge:params:jmap:site"],"methodCalls":[["Account/set",{"update":{")" +
            account + R"(":{"aliases/al)" + std::to_string(rivals) +
            R"(@site.example":true}}},"0"]]})";
        co_await site.api.call(rival, site.caller);
    }
    co_return plan;
}

TEST_CASE("What twenty change at once is changed by all of them") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    const std::string ada = site.create("Account", R"({"published":["ada@site.example"]})");
    Parts parts = site.api.parts();
    const auto type = account_type(parts);
    const json::Value patch = *json::parse(R"({"aliases/mine@site.example":true})");
    int rivals = 20;
    const Planner planner = [&] {
        return plan_too_late(site, *type, ada, json::Place(patch), rivals);
    };
    CHECK(net::run(carry_out(parts, site.caller, "Account/set update", planner)));
    CHECK(rivals < 0);
    const json::Value got = site.call("Account/get", R"({"ids":[")" + ada + R"("]})");
    CHECK(got.find_pointer("/list/0/aliases")->array().size() == 21);
}

TEST_CASE("[J1] A published address that shows a user code is warned about") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    const auto warnings = [&](const std::string& address) {
        const json::Value set =
            site.call("Account/set", R"({"create":{"k":{"published":[")" + address + R"("]}}})");
        const json::Value* told = set.find_pointer("/created/k/warnings");
        REQUIRE_MESSAGE(told != nullptr, json::serialise(set));
        return told->array().size();
    };
    CHECK(warnings("abc123@site.example") == 1);
    CHECK(warnings("ada.lovelace@site.example") == 0);
    CHECK(warnings("office@site.example") == 0);
}

TEST_CASE("A password is kept as verifiers only, replaces the former one and is never shown") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    const std::string ada = site.create("Account", R"({"published":["ada@site.example"]})");
    const std::string head = R"({"account":")" + ada + "\"";
    CHECK(site.refused("Credential", head + R"(,"password":"short"})").find("at least 8") !=
          std::string::npos);
    CHECK(site.refused("Credential", head + R"(,"password":"with\u0000nul"})") != "");
    CHECK(site.refused("Credential", head + "}") != "");
    CHECK(site.refused("Credential", R"({"account":"01kaf3z","password":"long enough"})") != "");
    site.create("Credential", head + R"(,"password":"correct horse"})");
    site.create("Credential", head + R"(,"password":"battery staple"})");
    const json::Value list = site.calls(
        R"([["Credential/query",{"filter":)" + head + R"(}},"q"],["Credential/get",{"#ids":)" +
        R"({"resultOf":"q","name":"Credential/query","path":"/ids"}},"g"]])");
    CHECK(list.find_pointer("/methodResponses/1/1/list")->array().size() == 1);
    CHECK(text_at(list, "/methodResponses/1/1/list/0/mechanisms") ==
          R"(["PLAIN","SCRAM-SHA-256"])");
    const auto id = directory::PrincipalId::parse(ada);
    const auto stored = net::run(site.directory.credentials(*id));
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].argon2.starts_with("$argon2id$"));
    CHECK(stored[0].scram_stored_key.size() == 32);
    for (const auto& item : net::run(site.store->scan(store::Space::audit, {}))) {
        CHECK(item.value.find("battery") == std::string::npos);
        CHECK(item.value.find("argon2id") == std::string::npos);
    }
}

TEST_CASE("The secret of an app password is told once") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    const std::string ada = site.create("Account", R"({"published":["ada@site.example"]})");
    const json::Value set =
        site.call("Credential/set", R"({"create":{"k":{"account":")" + ada +
                                        R"(","kind":"appPassword","label":"laptop"}}})");
    const std::string secret = text_at(set, "/created/k/secret");
    CHECK(secret.size() == 29);
    const std::string id = text_at(set, "/created/k/id");
    const json::Value got = site.call("Credential/get", R"({"ids":[")" + id + R"("]})");
    CHECK(json::serialise(got).find(secret) == std::string::npos);
    for (const auto& item : net::run(site.store->scan(store::Space::audit, {})))
        CHECK(item.value.find(secret) == std::string::npos);
    const json::Value gone = site.call("Credential/set", R"({"destroy":[")" + id + R"("]})");
    CHECK(text_at(gone, "/destroyed/0") == id);
}

TEST_CASE("An app password that could never be used is not made") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    const std::string ada = site.create("Account", R"({"published":["ada@site.example"]})");
    const std::string head = R"({"account":")" + ada + R"(","kind":"appPassword",)";
    CHECK(site.refused("Credential", head + R"("scopes":["foo"]})").find("no scope \"foo\"") !=
          std::string::npos);
    CHECK(site.refused("Credential", head + R"("expires":"2020-01-01T00:00:00Z"})")
              .find("past already") != std::string::npos);
    site.create("Credential",
                head + R"("scopes":["submission"],"expires":"2026-11-22T00:00:00Z"})");
}

TEST_CASE("[O3] Ranges are networks with an owner, not half of the Internet") {
    Site site;
    site.create("AnonymousRange",
                R"({"network":"192.0.2.0/24","owner":"ops@site.example","purpose":"printers"})");
    CHECK(site.refused("AnonymousRange", R"({"network":"192.0.2.1/24","owner":"o@site.example"})")
              .find("bits beyond") != std::string::npos);
    CHECK(site.refused("AnonymousRange", R"({"network":"0.0.0.0/0","owner":"o@site.example"})")
              .find("open relay") != std::string::npos);
    CHECK(site.refused("AnonymousRange", R"({"network":"192.0.2.0/24","owner":"o@site.example"})")
              .find("exists already") != std::string::npos);
    CHECK(site.refused("AnonymousRange", R"({"network":"198.51.100.0/24"})") != "");
    const json::Value found =
        site.call("AnonymousRange/query", R"({"filter":{"address":"192.0.2.77"}})");
    CHECK(found.find_pointer("/ids")->array().size() == 1);
    CHECK(site.audited(audit::Type::range_change).size() == 1);
}

TEST_CASE("A route replaces the former one of its domain") {
    Site site;
    site.create("Route", R"({"domain":"*","kind":"nextHop","host":"Hub.example","port":2525})");
    site.create("Route", R"({"domain":"*","kind":"discard"})");
    const json::Value all = site.call("Route/get", "{}");
    CHECK(all.find_pointer("/list")->array().size() == 1);
    CHECK(text_at(all, "/list/0/kind") == "discard");
    CHECK(site.refused("Route", R"({"domain":"x.example","kind":"nextHop"})") != "");
    CHECK(site.refused("Route", R"({"domain":"x.example","kind":"mx","host":"h.example"})") != "");
    CHECK(site.refused("Route", R"({"domain":"x.example","kind":"pigeon"})") != "");
}

TEST_CASE("Queue entries are found, held, released, tried at once and removed") {
    Site site;
    const std::string fast = enqueue(site, "fast.example");
    const std::string slow = enqueue(site, "slow.example");
    const auto query = [&](const std::string& filter) {
        return site.call("QueueEntry/query", R"({"filter":)" + filter + "}")
            .find_pointer("/ids")
            ->array()
            .size();
    };
    CHECK(query("{}") == 2);
    CHECK(query(R"({"state":"deferred"})") == 1);
    CHECK(query(R"({"destination":"slow"})") == 1);
    CHECK(query(R"({"recipient":"BOB@fast.example"})") == 1);
    CHECK(query(R"({"sender":"nobody"})") == 0);
    CHECK(query(R"({"arrivedBefore":"2026-11-21T00:00:01Z"})") == 1);
    CHECK(query(R"({"queueId":")" + slow.substr(0, slow.find('-')) + "\"}") == 1);

    const json::Value held =
        site.call("QueueEntry/set", R"({"update":{")" + slow + R"(":{"held":true}}})");
    CHECK(text_at(held, "/updated/" + slow + "/state") == "held");
    CHECK(query(R"({"state":"held"})") == 1);
    const json::Value retried = site.call(
        "QueueEntry/set", R"({"update":{")" + fast + R"(":{"due":"2000-01-01T00:00:00Z"}}})");
    CHECK(text_at(retried, "/updated/" + fast + "/due") == utc_text(site.clock.now()));
    const auto due = net::run(site.store->due_groups(std::nullopt, 10));
    CHECK(due.size() == 1);  // what is held is not due

    const json::Value gone =
        site.call("QueueEntry/set", R"({"destroy":[")" + slow + R"("],"report":true})");
    CHECK(text_at(gone, "/destroyed/0") == slow);
    CHECK(site.reported);
    CHECK(query("{}") == 1);
    CHECK(site.error("QueueEntry/set", R"({"update":3})") == "invalidArguments");
    const json::Value none = site.call("QueueEntry/set", R"({"update":{"x":{"held":true}}})");
    CHECK(text_at(none, "/notUpdated/x/type") == "notFound");
}

TEST_CASE("A long queue is read page by page, each from where the one before ended") {
    Site site;
    std::vector<std::string> all;
    for (int i = 0; i < 7; ++i) all.push_back(enqueue(site, "slow.example"));
    std::ranges::sort(all);
    std::vector<std::string> seen;
    for (std::string filter = "{}";;) {
        const json::Value page =
            site.call("QueueEntry/query", R"({"limit":3,"filter":)" + filter + "}");
        for (const json::Value& id : page.find_pointer("/ids")->array())
            seen.push_back(id.string());
        if (page.find_pointer("/ids")->array().size() < 3) break;
        filter = R"({"after":")" + seen.back() + "\"}";
        // What has ended meanwhile was a place all the same.
        site.call("QueueEntry/set", R"({"destroy":[")" + seen.back() + R"("]})");
    }
    CHECK(seen == all);
    CHECK(text_at(site.call("QueueEntry/query", R"({"limit":1,"calculateTotal":true})"),
                  "/total") == "5");
    CHECK(site.error("QueueEntry/query", R"({"filter":{"after":"x"}})") == "invalidArguments");
    CHECK(site.error("Account/query", R"({"filter":{"after":"x"}})") == "invalidArguments");
}

TEST_CASE("[J23] Each look at the audit log is itself in the audit log, before it is shown") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    CHECK(site.audited(audit::Type::access).empty());
    const json::Value found =
        site.call("AuditEntry/query", R"({"filter":{"types":["admin-action"]}})");
    CHECK(found.find_pointer("/ids")->array().size() == 1);
    const json::Value got = site.call("AuditEntry/get", R"({"ids":["1","99"]})");
    CHECK(text_at(got, "/list/0/fields/object") == "site.example");
    CHECK(text_at(got, "/notFound/0") == "99");
    const auto looks = site.audited(audit::Type::access);
    REQUIRE(looks.size() == 2);
    CHECK(*looks[1].entry.fields.at("what").text() == "AuditEntry/query");
    CHECK(*looks[0].entry.fields.at("who").text() == "ada (uid 1000)");
    CHECK(site.error("AuditEntry/query", R"({"filter":{"types":["banana"]}})") ==
          "invalidArguments");
    const json::Value set = site.call("AuditEntry/set", R"({"destroy":["1"]})");
    CHECK(text_at(set, "/notDestroyed/1/type") == "forbidden");
    CHECK(text_at(site.call("AuditEntry/verify", "{}"), "/verdict") == "sound");
}

TEST_CASE("[J23] The logs of other nodes and former names are verified and looked into, too") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    audit::Trail former(*site.store, site.clock, "audit.former/n1");
    store::Change change;
    former.append(change, former.entry(audit::Type::start, "program", {}));
    CHECK(net::run(site.store->commit(std::move(change))).has_value());

    const json::Value logs = site.call("AuditEntry/logs", "{}");
    CHECK(text_at(logs, "/logs/0/log") == "audit.site/n1");
    CHECK(text_at(logs, "/logs/1/log") == "audit.former/n1");
    CHECK(text_at(logs, "/logs/1/entries") == "1");
    CHECK(text_at(site.call("AuditEntry/query", R"({"filter":{"log":"audit.former/n1"}})"),
                  "/ids/0") == "1@audit.former/n1");
    const json::Value got = site.call("AuditEntry/get", R"({"ids":["1@audit.former/n1","1@x"]})");
    CHECK(text_at(got, "/list/0/type") == "start");
    CHECK(text_at(got, "/list/0/log") == "audit.former/n1");
    CHECK(text_at(got, "/notFound/0") == "1@x");
    CHECK(site.error("AuditEntry/query", R"({"filter":{"log":"x"}})") == "invalidArguments");
    CHECK(site.error("AuditEntry/verify", R"({"log":"x"})") == "invalidArguments");

    store::Change spoil;
    spoil.erase(store::Space::counter, store::log_end_key("audit.former/n1"));
    CHECK(net::run(site.store->commit(std::move(spoil))).has_value());
    const json::Value verdict = site.call("AuditEntry/verify", "{}");
    CHECK(text_at(verdict, "/verdict") == "altered");
    CHECK(text_at(verdict, "/logs/0/verdict") == "sound");
    CHECK(text_at(verdict, "/logs/1/verdict") == "altered");
    CHECK(text_at(site.call("AuditEntry/verify", R"({"log":"audit.site/n1"})"), "/verdict") ==
          "sound");
}

TEST_CASE("[J23] A trail that takes no entry any more is verified all the same") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    store::Change spoil;
    spoil.put(store::Space::counter, store::log_end_key("audit.site/n1"), "spoiled");
    CHECK(net::run(site.store->commit(std::move(spoil))).has_value());
    const json::Value verdict = site.call("AuditEntry/verify", "{}");
    CHECK(text_at(verdict, "/verdict") == "altered");
    CHECK(text_at(verdict, "/unrecorded") == "the end mark of log audit.site/n1 cannot be read");
}

TEST_CASE("The status counts what there is") {
    Site site;
    site.create("Domain", R"({"name":"site.example"})");
    enqueue(site, "slow.example");
    const json::Value status = site.call("Server/status", "{}");
    CHECK(text_at(status, "/node") == "n1");
    CHECK(text_at(status, "/domains") == "1");
    CHECK(text_at(status, "/queue/deferred") == "1");
    CHECK(text_at(status, "/store/state") == "good");
}

TEST_CASE("Times are read and written as RFC 8620 §1.4 says") {
    for (const char* text :
         {"2026-11-21T20:15:00Z", "1970-01-01T00:00:00Z", "2024-02-29T23:59:59.250Z"}) {
        const auto time = parse_utc(text);
        REQUIRE(time);
        CHECK(utc_text(*time) == text);
    }
    for (const char* text : {"2026-11-21", "2026-02-30T00:00:00Z", "2026-11-21T20:15:00",
                             "2026-11-21T24:00:00Z", "2026-11-21T20:15:00+01:00", "", "x"})
        CHECK_FALSE(parse_utc(text));
}

}  // namespace
}  // namespace pidge::admin
