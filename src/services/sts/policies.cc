#include "services/sts/policies.h"

#include "base/text.h"
#include "formats/mtasts/limits.h"
#include "services/sts/events.h"
#include "services/sts/limits.h"
#include "system/net/gone.h"

namespace pidge::sts {

namespace {

using store::Space;

Found found(std::optional<KeptPolicy> kept, WallTime now, std::optional<Failure> failure = {}) {
    Found answer{.failure = std::move(failure)};
    if (kept && kept->is_valid(now) && kept->policy.mode != mtasts::Mode::none)
        answer.policy = std::move(kept->policy);
    return answer;
}

// "text/plain; charset=utf-8"
bool is_plain_text(std::string_view content_type) {
    return text::iequals(text::trim(content_type.substr(0, content_type.find(';'))), "text/plain");
}

std::unexpected<Failure> failed(Failure::Kind kind, std::string_view text) {
    return std::unexpected(Failure{kind, text::printable(text)});
}

}  // namespace

net::Task<std::optional<KeptPolicy>> Policies::read(const std::string& domain) {
    const auto record = co_await parts_.store.get(Space::sts, domain);
    co_return record ? read_kept_policy(*record) : std::nullopt;
}

net::Task<std::optional<std::string>> Policies::announced(const std::string& domain) {
    const auto answer = co_await parts_.resolver.txt("_mta-sts." + domain);
    co_return answer.is_found() ? mtasts::find_id(answer.records) : std::nullopt;
}

net::Task<Found> Policies::find(std::string domain) {
    const WallTime now = parts_.clock.now();
    auto kept = co_await read(domain);
    if (kept && !kept->is_valid(now)) kept.reset();
    const auto id = co_await announced(domain);
    // RFC 8461 §5.1: what is kept holds until it ends, whatever the DNS says or hides.
    if (!id || (kept && kept->id == *id)) {
        if (kept) note_use(domain, *kept);
        co_return found(std::move(kept), now);
    }
    if (auto failure = recent_failure(domain, *id))
        co_return found(std::move(kept), now, std::move(failure));
    co_return co_await fetch_and_keep(domain, *id, std::move(kept));
}

net::Task<Found> Policies::fetch_and_keep(const std::string& domain, const std::string& id,
                                          std::optional<KeptPolicy> former) {
    auto policy = co_await fetch(domain);
    const WallTime now = parts_.clock.now();
    if (!policy) {
        remember(domain, id, policy.error());
        log::write(events::unfetched, {{"domain", domain}, {"reason", policy.error().text}});
        counters.failures.add();
        co_return found(std::move(former), now, std::move(policy.error()));
    }
    KeptPolicy kept{.id = id,
                    .policy = *std::move(policy),
                    .fetched = now,
                    .used = former ? former->used : now};
    log::write(events::fetched, {{"domain", domain},
                                 {"mode", mtasts::mode_name(kept.policy.mode)},
                                 {"max_age", kept.policy.max_age.count()}});
    counters.fetches.add();
    store::Change change;
    change.put(Space::sts, domain, record_of(kept));
    // Without a check: the last one to write is the last one that fetched.
    (void)co_await parts_.store.commit(std::move(change));
    co_return found(std::move(kept), now);
}

// That too many fetches wait is a failure like any other.
net::Task<Result<http::Fetched>> Policies::ask(http::FetchRequest request) {
    try {
        co_return co_await parts_.fetch(std::move(request));
    } catch (const net::Gone& gone) {
        if (gone.why == net::Gone::Why::shutdown) throw;
        co_return Refusal{.kind = Refusal::Kind::temporary, .text = gone.what()};
    }
}

net::Task<std::expected<mtasts::Policy, Failure>> Policies::fetch(const std::string& domain) {
    http::FetchRequest request{.host = "mta-sts." + domain,
                               .port = parts_.port,
                               .path = "/.well-known/mta-sts.txt",
                               .answer_octets_max = mtasts::policy_octets_max,
                               .deadline = limits::fetch_deadline};
    const auto addresses = co_await parts_.resolver.addresses(request.host);
    if (!addresses.is_found())
        co_return failed(Failure::Kind::fetch, "the host " + request.host + " has no address");
    request.addresses = addresses.records;
    const auto page = co_await ask(std::move(request));
    if (!page) {
        const bool is_unproven = page.error().code == "certificate";
        co_return failed(is_unproven ? Failure::Kind::certificate : Failure::Kind::fetch,
                         page.error().text);
    }
    // RFC 8461 §3.3: redirects are not followed, and nothing but 200 is a policy.
    if (page->status != 200)
        co_return failed(Failure::Kind::fetch, "the web server of the policy answers with " +
                                                   std::to_string(page->status));
    if (!is_plain_text(page->content_type))
        co_return failed(Failure::Kind::policy,
                         "the policy is of type \"" + page->content_type + "\", not text/plain");
    auto policy = mtasts::read_policy(page->body);
    if (!policy) co_return failed(Failure::Kind::policy, policy.error().text);
    co_return *std::move(policy);
}

// Once a day: the day is enough to know which policies are worth refreshing.
void Policies::note_use(const std::string& domain, KeptPolicy kept) {
    const WallTime now = parts_.clock.now();
    if (now < kept.used + std::chrono::hours(24)) return;
    store::Change change;
    change.check_equals(Space::sts, domain, record_of(kept));
    kept.used = now;
    change.put(Space::sts, domain, record_of(kept));
    change.set_urgency(store::Urgency::soon);
    parts_.store.commit_soon(std::move(change));
}

std::optional<Failure> Policies::recent_failure(const std::string& domain, const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto at = failures_.find(domain);
    if (at == failures_.end() || at->second.id != id) return std::nullopt;
    if (parts_.clock.steady() - at->second.at < limits::failure_pause) return at->second.failure;
    failures_.erase(at);
    return std::nullopt;
}

void Policies::remember(const std::string& domain, const std::string& id, const Failure& failure) {
    const std::lock_guard lock(mutex_);
    // Which one goes makes no difference: it is only asked for once more.
    if (failures_.size() >= limits::failures_max) failures_.erase(failures_.begin());
    failures_[domain] = {id, parts_.clock.steady(), failure};
}

net::Task<void> Policies::refresh() {
    store::ScanOptions options{.limit = limits::refresh_page};
    for (;;) {
        const auto items = co_await parts_.store.scan(Space::sts, options);
        for (const store::Item& item : items) {
            const auto kept = read_kept_policy(item.value);
            if (kept) co_await refresh_one(item.key, *kept);
        }
        if (items.size() < limits::refresh_page) co_return;
        options.from = items.back().key + '\0';
    }
}

net::Task<void> Policies::refresh_one(std::string domain, KeptPolicy kept) {
    const WallTime now = parts_.clock.now();
    if (!kept.is_valid(now)) {
        store::Change change;
        change.check_equals(Space::sts, domain, record_of(kept));
        change.erase(Space::sts, domain);
        parts_.store.commit_soon(std::move(change));
        co_return;
    }
    const auto age = now - kept.fetched;
    const bool is_due = age >= limits::refresh_age || age >= kept.policy.max_age / 2;
    if (!is_due || now - kept.used > limits::used_within) co_return;
    const auto id = co_await announced(domain);
    if (!id || recent_failure(domain, *id)) co_return;
    (void)co_await fetch_and_keep(domain, *id, std::move(kept));
}

}  // namespace pidge::sts
