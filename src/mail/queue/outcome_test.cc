#include <doctest/doctest.h>

#include <random>

#include "mail/queue/outcome.h"
#include "mail/queue/testing/entries.h"

using namespace pidge;
using namespace pidge::queue;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

using Kind = RecipientResult::Kind;

Entry fresh_entry(std::size_t recipients = 1) {
    Entry entry;
    entry.id.message = QueueId::make(1);
    entry.sender = address::Mailbox{.local_part = "alice", .domain = "site.example"};
    for (std::size_t i = 0; i < recipients; ++i)
        entry.recipients.push_back(
            {.address = {.local_part = "r" + std::to_string(i), .domain = "example.org"}});
    entry.arrived = entry.due = WallTime(1'700'000'000s);
    return entry;
}

Attempt attempt_at(WallTime when, std::vector<Kind> kinds) {
    Attempt attempt{.began = when, .ended = when};
    for (const Kind kind : kinds)
        attempt.results.push_back({.kind = kind, .reply_code = 450, .text = "said so"});
    return attempt;
}

std::size_t reports_of(const Outcome& outcome, Report::Kind kind) {
    std::size_t count = 0;
    for (const Report& report : outcome.reports) count += report.kind == kind ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("retries come soon at first, then every four hours, never later") {
    const RetryPolicy policy{.jitter_percent = 0};
    std::vector<microseconds> intervals;
    for (std::uint32_t attempt = 1; attempt <= 8; ++attempt)
        intervals.push_back(retry_interval(policy, attempt, 12345));
    CHECK(intervals == std::vector<microseconds>{5min, 10min, 20min, 40min, 80min, 160min, 4h, 4h});
    CHECK(retry_interval(policy, UINT32_MAX, 0) == 4h);
    CHECK(retry_interval(policy, 0, 0) == 5min);
}

TEST_CASE("jitter only shortens an interval, and by a fifth at most") {
    const RetryPolicy policy;
    std::mt19937_64 random(1);
    for (int i = 0; i < 1000; ++i) {
        const microseconds interval = retry_interval(policy, 3, random());
        CHECK(interval <= 20min);
        CHECK(interval >= 16min);
    }
}

TEST_CASE("each recipient is settled or stays, never both and never neither") {
    std::mt19937_64 random(7);
    for (int round = 0; round < 2000; ++round) {
        Entry entry = fresh_entry(1 + random() % 5);
        entry.attempts = static_cast<std::uint32_t>(random() % 50);
        entry.waited = std::chrono::hours(random() % 150);
        if (random() % 4 == 0) entry.sender.reset();
        std::vector<Kind> kinds;
        for (std::size_t i = 0; i < entry.recipients.size(); ++i)
            kinds.push_back(static_cast<Kind>(random() % 3));
        const Attempt attempt = attempt_at(entry.due + 1s, kinds);
        const Outcome outcome = outcome_of(entry, attempt, {}, random());

        const std::size_t left = outcome.remaining ? outcome.remaining->recipients.size() : 0;
        CHECK(outcome.settled.size() + left == entry.recipients.size());
        if (outcome.remaining) {
            CHECK(left > 0);
            CHECK(outcome.remaining->attempts == entry.attempts + 1);
            CHECK(outcome.remaining->due > attempt.ended);
            CHECK(outcome.remaining->due <= attempt.ended + 4h);
            CHECK_FALSE(outcome.remaining->last_reply.empty());
        }
        if (!entry.sender) CHECK(outcome.reports.empty());
        for (const Settled& settled : outcome.settled) {
            const bool was_accepted = settled.result.kind == Kind::accepted;
            CHECK((settled.action == Action::relayed) == was_accepted);
        }
    }
}

TEST_CASE("a temporary answer is no failure before five days and a handful of attempts") {
    Entry entry = fresh_entry();
    WallTime now = entry.arrived;
    const RetryPolicy policy;
    int delays = 0;
    std::optional<WallTime> warned, given_up;
    for (int attempt = 0; attempt < 100 && !given_up; ++attempt) {
        const Outcome outcome = outcome_of(entry, attempt_at(now, {Kind::temporary}), policy, 99);
        if (reports_of(outcome, Report::Kind::delay) > 0) {
            ++delays;
            warned = now;
        }
        if (!outcome.remaining) {
            REQUIRE(outcome.settled.size() == 1);
            CHECK(outcome.settled[0].action == Action::expired);
            CHECK(reports_of(outcome, Report::Kind::failure) == 1);
            given_up = now;
            break;
        }
        entry = *outcome.remaining;
        now = entry.due;
    }
    CHECK(delays == 1);
    REQUIRE(warned);
    CHECK(*warned >= fresh_entry().arrived + 4h);
    CHECK(*warned <= fresh_entry().arrived + 8h);
    REQUIRE(given_up);
    CHECK(*given_up >= fresh_entry().arrived + 120h);
    CHECK(*given_up <= fresh_entry().arrived + 124h);
}

TEST_CASE("[C10] a clock that steps neither expires an entry nor warns about it") {
    const RetryPolicy policy;
    for (const auto step : {std::chrono::hours(6 * 24), std::chrono::hours(-87'600),
                            std::chrono::hours(87'600), std::chrono::hours(1)}) {
        CAPTURE(step.count());
        Entry entry = fresh_entry();
        entry = *outcome_of(entry, attempt_at(entry.due, {Kind::temporary}), policy, 0).remaining;
        const Outcome outcome =
            outcome_of(entry, attempt_at(entry.due + step, {Kind::temporary}), policy, 0);
        REQUIRE(outcome.remaining);
        CHECK(outcome.reports.empty());
        CHECK(outcome.remaining->waited <= 20min);
        CHECK(outcome.remaining->waited >= 0s);
    }
    Entry often_tried = fresh_entry();
    often_tried.attempts = 1000;
    often_tried.due = often_tried.arrived;
    CHECK(outcome_of(often_tried, attempt_at(often_tried.due + 150h, {Kind::temporary}), policy, 0)
              .remaining);
}

TEST_CASE("[C10] an entry is not left waiting for a clock that has gone back, one sent late is") {
    const RetryPolicy policy;
    Entry deferred = fresh_entry();
    deferred.last_attempt = deferred.arrived;
    deferred.due = deferred.arrived + 4h;
    CHECK_FALSE(is_time_for(policy, deferred, deferred.due - 1s));
    CHECK(is_time_for(policy, deferred, deferred.due));
    CHECK(is_time_for(policy, deferred, deferred.arrived - std::chrono::hours(87'600)));
    CHECK_FALSE(is_time_for(policy, deferred, deferred.arrived - 59min));

    Entry fresh = fresh_entry();
    CHECK(is_time_for(policy, fresh, fresh.arrived - 48h));
    Entry sent_late = fresh_entry();
    sent_late.due = sent_late.arrived + 72h;
    CHECK_FALSE(is_time_for(policy, sent_late, sent_late.arrived));
    CHECK_FALSE(is_time_for(policy, sent_late, sent_late.arrived - 48h));
}

TEST_CASE("who is told what follows NOTIFY") {
    // RFC 3461 §4.1
    struct Case {
        bool given, success, failure, delay;
        bool hears_failure, hears_delay, hears_success;
    };
    for (const Case& c : {Case{false, false, false, false, true, true, false},
                          Case{true, false, false, false, false, false, false},  // NEVER
                          Case{true, true, false, false, false, false, true},
                          Case{true, false, true, false, true, false, false},
                          Case{true, false, false, true, false, true, false},
                          Case{true, true, true, true, true, true, true}}) {
        Entry entry = fresh_entry();
        entry.recipients[0].notify_given = c.given;
        entry.recipients[0].notify_success = c.success;
        entry.recipients[0].notify_failure = c.failure;
        entry.recipients[0].notify_delay = c.delay;
        entry.waited = 5h;
        const auto outcome = [&](Kind kind) {
            return outcome_of(entry, attempt_at(entry.due, {kind}), {}, 0);
        };
        CHECK(reports_of(outcome(Kind::permanent), Report::Kind::failure) ==
              (c.hears_failure ? 1 : 0));
        CHECK(reports_of(outcome(Kind::temporary), Report::Kind::delay) == (c.hears_delay ? 1 : 0));
        CHECK(reports_of(outcome(Kind::accepted), Report::Kind::success) ==
              (c.hears_success ? 1 : 0));
        CHECK(outcome(Kind::temporary).remaining->delay_reported);

        Attempt passed_on = attempt_at(entry.due, {Kind::accepted});
        passed_on.passed_reports_on = true;
        CHECK(outcome_of(entry, passed_on, {}, 0).reports.empty());
        // Nobody follows after the mailbox.
        passed_on.is_final = true;
        const Outcome final = outcome_of(entry, passed_on, {}, 0);
        CHECK(final.settled[0].action == Action::delivered);
        CHECK(reports_of(final, Report::Kind::success) == (c.hears_success ? 1 : 0));
    }
}

TEST_CASE("a delay is reported once") {
    Entry entry = fresh_entry();
    entry.waited = 4h;
    const Outcome first = outcome_of(entry, attempt_at(entry.due, {Kind::temporary}), {}, 0);
    CHECK(first.reports.size() == 1);
    const Outcome second =
        outcome_of(*first.remaining, attempt_at(first.remaining->due, {Kind::temporary}), {}, 0);
    CHECK(second.reports.empty());
}

TEST_CASE("[F12] what the other side said is kept printable and short") {
    const Entry entry = fresh_entry();
    Attempt attempt = attempt_at(entry.due, {Kind::temporary});
    attempt.results[0].text = "\x1b[2Jevil\r\n" + std::string(100'000, 'x');
    const Outcome outcome = outcome_of(entry, attempt, {}, 0);
    const std::string& reply = outcome.remaining->last_reply;
    CHECK(reply.size() < 1100);
    CHECK(reply.find('\x1b') == std::string::npos);
    CHECK(reply.find('\n') == std::string::npos);
}
