#include "services/submission/login_guard.h"

#include <doctest/doctest.h>

#include <set>

using namespace pidge;
using namespace pidge::submission;
using namespace std::chrono_literals;
using Verdict = LoginGuard::Verdict;

namespace {

struct Fixture {
    ManualClock clock{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};
    LoginGuard guard{clock};

    static LoginGuard::Attempt attempt(const std::string& account, const std::string& password,
                                       const std::string& client) {
        return {account, crypto::hmac_sha256("key", password), *net::Address::parse(client)};
    }
    // Judged, and if it is let through, wrong.
    Verdict try_wrong(const std::string& account, const std::string& password,
                      const std::string& client) {
        const auto each = attempt(account, password, client);
        const Verdict verdict = guard.judge(each);
        if (verdict != Verdict::network_failing) guard.failed(each);
        return verdict;
    }
};

// A different /24 for each number.
std::string network(int number) {
    return "10." + std::to_string(number / 250) + "." + std::to_string(number % 250) + ".1";
}

}  // namespace

TEST_CASE("[T04] of an account only different wrong passwords count") {
    Fixture f;
    for (int i = 0; i < 100; ++i) {
        CHECK(f.try_wrong("alice", "old password", network(i)) == Verdict::open);
        f.clock.advance(1s);
    }
    for (int i = 1; i < 10; ++i)
        CHECK(f.try_wrong("alice", "guess " + std::to_string(i), network(100 + i)) ==
              Verdict::open);
    CHECK(f.guard.judge(f.attempt("alice", "right", network(200))) == Verdict::account_guessed);
    CHECK(f.guard.judge(f.attempt("bob", "right", network(200))) == Verdict::open);
    f.clock.advance(1h);
    CHECK(f.guard.judge(f.attempt("alice", "right", network(200))) == Verdict::open);
}

TEST_CASE("[T04] from the third different wrong password on the answer is held back") {
    Fixture f;
    const auto delay = [&](const char* password) {
        f.clock.advance(61s);
        return f.guard.failed(f.attempt("alice", password, "192.0.2.1"));
    };
    CHECK(delay("a") == 0s);
    CHECK(delay("a") == 0s);
    CHECK(delay("b") == 0s);
    CHECK(delay("c") == 1s);
    CHECK(delay("c") == 1s);
    CHECK(delay("d") == 2s);
    for (const char* more : {"e", "f", "g", "h", "i", "j", "k"}) delay(more);
    CHECK(delay("l") == 8s);
    // SCRAM shows no password, so each failure is another one.
    f.guard.failed({"bob", {}, *net::Address::parse("192.0.2.1")});
    f.guard.failed({"bob", {}, *net::Address::parse("192.0.2.1")});
    CHECK(f.guard.failed({"bob", {}, *net::Address::parse("192.0.2.1")}) == 1s);
}

TEST_CASE("[T04] a host has ten failures a minute and fifty a day, a network thrice as many") {
    Fixture f;
    for (int i = 0; i < 10; ++i) CHECK(f.try_wrong("a", "x", "192.0.2.1") == Verdict::open);
    CHECK(f.try_wrong("b", "y", "192.0.2.1") == Verdict::network_failing);
    for (int i = 0; i < 20; ++i)
        CHECK(f.try_wrong("a", "x", "192.0.2." + std::to_string(2 + i % 2)) == Verdict::open);
    CHECK(f.try_wrong("b", "y", "192.0.2.9") == Verdict::network_failing);
    CHECK(f.try_wrong("b", "y", "192.0.3.1") == Verdict::open);
    f.clock.advance(60s);
    CHECK(f.try_wrong("a", "x", "192.0.2.1") == Verdict::open);
    for (int i = 0; i < 12; ++i) {
        f.clock.advance(60s);
        for (int j = 0; j < 10; ++j) f.try_wrong("a", "x", "192.0.2." + std::to_string(100 + i));
    }
    f.clock.advance(60s);
    CHECK(f.try_wrong("b", "y", "192.0.2.200") == Verdict::network_failing);
    // IPv6: a /64 is a host, a /48 a network.
    for (int i = 0; i < 10; ++i) f.try_wrong("a", "x", "2001:db8:1:2::" + std::to_string(i));
    CHECK(f.try_wrong("b", "y", "2001:db8:1:2::ffff") == Verdict::network_failing);
    CHECK(f.try_wrong("b", "y", "2001:db8:1:3::1") == Verdict::open);
}

TEST_CASE("[T04] a network on which many accounts fail, and a password that many are tried with") {
    Fixture f;
    for (int i = 0; i < 20; ++i) {
        CHECK(f.try_wrong("user" + std::to_string(i), "p" + std::to_string(i),
                          "192.0.2." + std::to_string(i)) == Verdict::open);
        f.clock.advance(20s);
    }
    CHECK(f.guard.judge(f.attempt("other", "p", "192.0.2.99")) == Verdict::network_spraying);
    CHECK(f.guard.judge(f.attempt("other", "p", "192.0.3.99")) == Verdict::open);
    for (int i = 0; i < 10; ++i)
        CHECK(f.try_wrong("user" + std::to_string(i), "Winter2026!", network(i)) == Verdict::open);
    CHECK(f.guard.judge(f.attempt("weak", "Winter2026!", network(500))) ==
          Verdict::password_sprayed);
    CHECK(f.guard.judge(f.attempt("weak", "another", network(500))) == Verdict::open);
    f.clock.advance(10min);
    CHECK(f.guard.judge(f.attempt("weak", "Winter2026!", network(500))) == Verdict::open);
}

TEST_CASE(
    "[T04] a thousand hosts with ten guesses each at five thousand accounts learn next to "
    "nothing") {
    Fixture f;
    // The classic way: the same few passwords at all accounts, from hosts of a hundred networks.
    std::set<std::string> looked_at;
    int number = 0;
    for (int guess = 0; guess < 10; ++guess) {
        for (int host = 0; host < 1000; ++host, ++number) {
            const std::string account = "user" + std::to_string(number % 5000);
            const std::string client =
                "10.9." + std::to_string(host % 100) + "." + std::to_string(1 + host / 100);
            const std::string password = "popular " + std::to_string(number / 5000);
            if (f.try_wrong(account, password, client) == Verdict::open) looked_at.insert(account);
            f.clock.advance(100ms);
        }
    }
    // 10,000 guesses: those that got as far as a comparison.
    CHECK(looked_at.size() <= 20);
    // Who logs in from elsewhere with an own password is not touched.
    CHECK(f.guard.judge(f.attempt("user42", "own password", "192.0.2.1")) == Verdict::open);
}

TEST_CASE("what is remembered of guessers is bounded") {
    Fixture f;
    for (int i = 0; i < 120'000; ++i) {
        const std::string each = std::to_string(i);
        f.guard.failed(f.attempt("u" + each, each, network(i % 60'000)));
    }
    CHECK(f.guard.judge(f.attempt("nobody", "x", "192.0.2.1")) == Verdict::open);
}
