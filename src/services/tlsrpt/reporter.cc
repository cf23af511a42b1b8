#include "services/tlsrpt/reporter.h"

#include "base/text.h"
#include "formats/gzip/gzip.h"
#include "mail/queue/plan.h"
#include "services/tlsrpt/events.h"
#include "services/tlsrpt/limits.h"
#include "system/crypto/digest.h"
#include "system/net/gone.h"

namespace pidge::tlsrpt {

namespace {

using std::chrono::days;
using store::Space;

// Entry::principal of reports: they are made here and come from nobody.
constexpr std::string_view principal = "tls-reporter";

Report report_of(const DayKey& key, const Day& day, const address::Mailbox& contact) {
    const crypto::Digest digest = crypto::sha256(key.bytes() + contact.text() + record_of(day));
    const std::string left = text::hex(crypto::bytes_of(digest)).substr(0, 32);
    return {.organisation = contact.domain,
            .contact = contact,
            .id = left + "@" + contact.domain,
            .domain = key.domain,
            .start = key.day,
            .end = key.day + days(1) - std::chrono::seconds(1),
            .policies = day.policies};
}

}  // namespace

net::Task<void> Reporter::work() {
    const auto today = std::chrono::floor<days>(parts_.clock.now());
    store::ScanOptions options{.to = DayKey{today, ""}.bytes(), .limit = limits::page};
    for (;;) {
        auto items = co_await parts_.store.scan(Space::tlsrpt, options);
        if (items.empty()) co_return;
        options.from = items.back().key + '\0';
        for (store::Item& item : items)
            if (const auto key = DayKey::read(item.key))
                co_await look_at(*key, std::move(item.value));
    }
}

// §4.1: hours after the day, for each domain at another time. The same after a restart.
WallTime Reporter::first_try(const DayKey& key) const {
    const crypto::Digest digest = crypto::sha256(key.domain);
    const std::int64_t number =
        static_cast<unsigned char>(digest[0]) * 256 + static_cast<unsigned char>(digest[1]);
    const auto spread = std::chrono::duration_cast<std::chrono::seconds>(limits::spread);
    return key.day + days(1) + number * spread / 65'536;
}

net::Task<void> Reporter::look_at(const DayKey& key, Bytes record) {
    const WallTime now = parts_.clock.now();
    auto day = read_day(record);
    if (!day || now - key.day > limits::kept) {
        store::Change change;
        change.check_equals(Space::tlsrpt, key.bytes(), std::move(record));
        change.erase(Space::tlsrpt, key.bytes());
        parts_.store.commit_soon(std::move(change));
        co_return;
    }
    const auto contact = parts_.contact();
    if (day->is_settled || now < std::max(first_try(key), day->next_try) || !contact) co_return;
    co_await send({key, std::move(record), *std::move(day)}, *contact);
}

net::Task<void> Reporter::send(Due due, address::Mailbox contact) {
    const auto answer = co_await parts_.resolver.txt("_smtp._tls." + due.key.domain);
    Sent sent;
    if (answer.is_temporary()) co_return co_await settle(std::move(due), std::move(sent));
    const auto places = answer.is_found() ? find_places(answer.records) : std::vector<Place>();
    if (places.empty()) {
        due.day.is_settled = true;
        co_return co_await settle(std::move(due), std::move(sent));
    }
    const Report report = report_of(due.key, due.day, contact);
    const Bytes gzip = gzip::compress(json_of(report));
    for (const Place& place : places) {
        if (place.kind == Place::Kind::web)
            co_await post(place, gzip, sent);
        else
            co_await plan_mail(report, place, gzip, sent);
    }
    due.day.is_settled = due.day.is_reported = sent.has_reached;
    co_await settle(std::move(due), std::move(sent));
}

// §5.4. A post that was repeated after a crash has the same id, by which it is known.
net::Task<void> Reporter::post(const Place& place, const Bytes& gzip, Sent& sent) {
    http::FetchRequest request{.host = place.host,
                               .port = place.port,
                               .path = place.path,
                               .content_type = "application/tlsrpt+gzip",
                               .body = gzip,
                               .deadline = limits::post_deadline};
    const auto addresses = co_await parts_.resolver.addresses(place.host);
    if (!addresses.is_found()) co_return;
    request.addresses = addresses.records;
    try {
        const auto answer = co_await parts_.post(std::move(request));
        if (answer && answer->status / 100 == 2) sent.has_reached = true;
    } catch (const net::Gone& gone) {
        if (gone.why == net::Gone::Why::shutdown) throw;
    }
}

net::Task<void> Reporter::plan_mail(const Report& report, const Place& place, const Bytes& gzip,
                                    Sent& sent) {
    auto destination = parts_.route(place.mailbox);
    if (!destination) co_return;
    // §3: reports arrive though TLS is broken.
    const bool is_ours = destination->kind != queue::Destination::Kind::mx;
    if (!is_ours) destination->tls = queue::Destination::Tls::any;
    queue::Entry entry;
    entry.id = {queue::QueueId::make(parts_.clock.unix_ms()), 0};
    entry.destination = *destination;
    entry.arrived = entry.due = parts_.clock.now();
    entry.principal = std::string(principal);
    // The null reverse-path: nobody is told when it fails.
    entry.recipients.push_back({.address = place.mailbox, .notify_given = true});
    const auto writer = parts_.store.write_blob();
    co_await writer->write(message_of(report, gzip, place.mailbox, entry.arrived));
    const store::Blob body = co_await writer->finish();
    entry.body = body.id;
    entry.body_bytes = body.size_bytes;
    queue::plan_enqueue(sent.change, {entry}, body);
    parts_.trail.append(sent.change, parts_.trail.entry(audit::Type::dsn_sent, "tls-reporter",
                                                        {{"queue", entry.id.text()},
                                                         {"from", "<>"},
                                                         {"to", place.mailbox.text()},
                                                         {"about", report.domain},
                                                         {"kind", "tls-report"},
                                                         {"destination", destination->text()}}));
    sent.wakes.push_back(*destination);
    sent.has_reached = true;
}

// One commit: what was sent by mail, and that it was. Another node may have been faster.
net::Task<void> Reporter::settle(Due due, Sent sent) {
    const WallTime now = parts_.clock.now();
    if (!due.day.is_settled) {
        due.day.next_try = now + limits::try_pause;
        due.day.is_settled = now >= first_try(due.key) + limits::tries;
        log::write(events::unreported, {{"domain", due.key.domain}});
    }
    sent.change.check_equals(Space::tlsrpt, due.key.bytes(), due.record);
    sent.change.put(Space::tlsrpt, due.key.bytes(), record_of(due.day));
    if (!co_await parts_.store.commit(std::move(sent.change))) co_return;
    for (const queue::Destination& destination : sent.wakes) parts_.wake(destination.group(), now);
    if (!due.day.is_reported) co_return;
    counters.reports.add();
    log::write(events::reported, {{"domain", due.key.domain}});
}

}  // namespace pidge::tlsrpt
