#include "system/store/objects/bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"
#include "system/store/objects/advice.h"

namespace pidge::store {

namespace {

using std::chrono::steady_clock;

metrics::Counter good_total{"pidge_objects_requests_total",
                            "Requests to the object store, by what came of them.", "outcome",
                            "good"};
metrics::Counter repeated_total{"pidge_objects_requests_total",
                                "Requests to the object store, by what came of them.", "outcome",
                                "repeated"};
metrics::Counter failed_total{"pidge_objects_requests_total",
                              "Requests to the object store, by what came of them.", "outcome",
                              "failed"};
metrics::Gauge away_now{"pidge_objects_away", "1 while the object store does not do its work."};

constexpr log::Event objects_away{
    "objects-away", log::Level::error,
    "The object store does not take or give bodies; large messages are put off, deliveries of "
    "those that lie there wait.",
    "See reason and advice. When it does its work again pidge goes on by itself."};
constexpr log::Event objects_back{"objects-back", log::Level::info,
                                  "The object store does its work again.", ""};

// Worth another attempt: the store is too busy or restarts, or a part of it does.
bool may_pass(std::uint16_t status) {
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 507);
}

// The first words of an error: "<Code>AccessDenied</Code>".
std::string said(const http::Response& answer) {
    const std::size_t begin = answer.body.find("<Code>");
    const std::size_t end = answer.body.find("</Code>");
    if (begin == std::string::npos || end == std::string::npos || end < begin + 6)
        return fmt::format("HTTP {}", answer.status);
    return fmt::format("HTTP {} {}", answer.status,
                       text::printable(answer.body.substr(begin + 6, end - begin - 6), 100));
}

}  // namespace

Bucket::Bucket(BucketOptions options)
    : options_(std::move(options)), exchanger_({.authorities_path = options_.authorities_path}) {
    const std::size_t colon = options_.endpoint.find("://");
    scheme_ = options_.endpoint.substr(0, colon);
    host_ = options_.endpoint.substr(colon + 3);
    while (host_.ends_with('/')) host_.pop_back();
    if (options_.style == BucketOptions::Style::host) host_ = options_.bucket + "." + host_;
}

void Bucket::put(const std::string& name, std::string_view octets) {
    const auto answer = call({.method = "PUT", .name = name, .query = {}, .body = octets});
    if (answer.status != 200) note_away("it refuses to take an object: " + said(answer));
    note_reached();
}

std::optional<Bytes> Bucket::get(const std::string& name, std::size_t octets_max) {
    auto answer =
        call({.method = "GET",
              .name = name,
              .query = {},
              .body = {},
              .answer_octets_max = std::max(octets_max, objects_limits::answer_octets_max)});
    // Only the store itself may say that a body is lost. Of a bucket that is not there, or of a
    // proxy that knows no way, 404 says something else: then everything waits.
    const bool is_absent =
        answer.status == 404 && answer.body.find("<Code>NoSuchKey<") != std::string::npos;
    if (answer.status != 200 && !is_absent)
        note_away("it refuses to give an object: " + said(answer));
    note_reached();
    if (is_absent) return std::nullopt;
    return std::move(answer.body);
}

void Bucket::erase(const std::string& name) {
    const auto answer = call({.method = "DELETE", .name = name, .query = {}, .body = {}});
    const bool is_gone = answer.status == 200 || answer.status == 204 || answer.status == 404;
    if (!is_gone) note_away("it refuses to remove an object: " + said(answer));
    note_reached();
}

Listing Bucket::list(const std::string& after) {
    Call wanted{.method = "GET",
                .name = {},
                .query = {{"list-type", "2"},
                          {"prefix", options_.prefix},
                          {"max-keys", std::to_string(objects_limits::list_names_max)}},
                .body = {},
                .answer_octets_max = objects_limits::list_octets_max};
    if (!after.empty()) wanted.query.emplace_back("continuation-token", after);
    const auto answer = call(wanted);
    if (answer.status != 200) note_away("it refuses to list the bucket: " + said(answer));
    auto listing = read_listing(answer.body);
    if (!listing) note_away("its listing cannot be understood");
    note_reached();
    std::erase_if(listing->names,
                  [this](const std::string& name) { return !name.starts_with(options_.prefix); });
    for (std::string& name : listing->names) name.erase(0, options_.prefix.size());
    return *std::move(listing);
}

std::string Bucket::try_out() {
    const std::string name = fmt::format("check-{:016x}", random_u64());
    try {
        put(name, name);
        if (get(name, name.size()) != name) return "what was written is not read back";
        erase(name);
        list({});
        return {};
    } catch (const Fault& fault) {
        return fault.what();
    }
}

Result<http::Response> Bucket::attempt(const Call& call) {
    std::string path = options_.style == BucketOptions::Style::path ? "/" + options_.bucket : "";
    path += call.name.empty() ? (path.empty() ? "/" : "") : "/" + options_.prefix + call.name;
    const SignedRequest request{
        .method = call.method, .host = host_, .path = path, .query = call.query, .body = call.body};
    return exchanger_.exchange({.method = std::string(call.method),
                                .url = scheme_ + "://" + host_ + escaped_target(request),
                                .fields = sign(request, options_.key, system_clock().now()),
                                .body = call.body,
                                .answer_octets_max = call.answer_octets_max,
                                .connect_deadline = objects_limits::connect_deadline,
                                .deadline = options_.deadline});
}

http::Response Bucket::call(const Call& call) {
    const int attempts = enter();
    const auto begun = steady_clock::now();
    auto pause = objects_limits::repeat_pause;
    for (int tries = 1;; ++tries) {
        auto answer = attempt(call);
        if (answer && !may_pass(answer->status)) {
            good_total.add();
            return *std::move(answer);
        }
        if (tries >= attempts || steady_clock::now() - begun > objects_limits::patience)
            note_away(answer ? said(*answer) : answer.error().text);
        repeated_total.add();
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
}

// While it is away one tries after each pause, once, and the others are told at once.
int Bucket::enter() {
    const std::lock_guard lock(mutex_);
    const auto now = steady_clock::now();
    if (away_.count() == 0) return objects_limits::attempts;
    if (now < away_until_)
        throw Fault(Fault::Why::unavailable, "the object store is away: " + away_why_);
    away_until_ = now + away_;
    return 1;
}

void Bucket::note_reached() {
    const std::lock_guard lock(mutex_);
    if (away_.count() == 0) return;
    away_ = std::chrono::milliseconds(0);
    away_now.set(0);
    log::write(objects_back);
}

void Bucket::note_away(const std::string& why) {
    failed_total.add();
    const std::lock_guard lock(mutex_);
    if (away_.count() == 0 && !is_stopped_)
        log::write(objects_away, {{"reason", why}, {"advice", objects_advice(why)}});
    away_ = std::clamp(2 * away_, options_.away_first, objects_limits::away_longest);
    away_until_ = steady_clock::now() + away_;
    away_why_ = why;
    away_now.set(1);
    throw Fault(Fault::Why::unavailable, "the object store is away: " + why);
}

}  // namespace pidge::store
