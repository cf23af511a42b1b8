#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"
#include "services/admin/encode.h"

namespace pidge::command {
namespace {

constexpr std::size_t all_of_them = 1'000'000;
constexpr std::uint64_t list_usual = 100;

constexpr std::array<std::pair<const char*, const char*>, 5> text_filters = {
    {{"--state", "state"},
     {"--destination", "destination"},
     {"--from", "sender"},
     {"--to", "recipient"},
     {"--account", "account"}}};

Result<json::Object> filter_of(Call& call) {
    json::Object filter;
    for (const auto& [option, name] : text_filters) {
        if (!call.given.has(option)) continue;
        // --from "$SOMEBODY", and nobody was named: that is not everybody.
        if (call.given.text(option).empty())
            return usage(fmt::format("{} is empty; leave it out for all.", option));
        filter.set(name, call.given.text(option));
    }
    if (call.given.has("--older"))
        filter.set("arrivedBefore",
                   TRY(past_time(call.given.text("--older"), system_clock().now())));
    return filter;
}

Result<std::size_t> limit_of(Call& call, std::uint64_t usual) {
    if (!call.given.has("--limit")) return static_cast<std::size_t>(usual);
    const auto limit = text::parse_u64(call.given.text("--limit"));
    if (!limit || *limit == 0 || *limit > all_of_them)
        return usage("--limit is a number from 1 to 1000000.");
    return static_cast<std::size_t>(*limit);
}

std::string shown_sender(const json::Value& entry) {
    const std::string sender = text_of(entry, "sender");
    return sender.empty() ? "<>" : sender;
}

Result<> list(Call& call) {
    json::Object filter = TRY(filter_of(call));
    const std::size_t limit = TRY(limit_of(call, list_usual));
    const json::Array entries = TRY(call.list_onward("QueueEntry", std::move(filter), limit));
    if (call.wants_json) {
        call.print_json(entries);
        return {};
    }
    if (entries.empty()) {
        call.print("The queue has no such messages.");
        return {};
    }
    Table table({"id", "state", "arrived", "size", "from", "to", "destination", "attempts", "next",
                 "last reply"});
    for (const json::Value& entry : entries)
        table.add({text_of(entry, "id"), text_of(entry, "state"), time_of(entry, "arrived"),
                   text_of(entry, "size"), shown_sender(entry), text_of(entry, "recipients"),
                   text_of(entry, "destination"), text_of(entry, "attempts"),
                   is_true(entry, "held") ? "-" : time_of(entry, "due"),
                   text_of(entry, "lastReply")});
    call.print(table.text());
    if (entries.size() == limit) call.note("There may be more: --limit shows them.");
    return {};
}

// Entries by id; a queue id stands for all entries of its message.
Result<json::Array> named_entries(Call& call) {
    json::Array out;
    for (const std::string& id : call.given.list("ID")) {
        if (id.empty()) return usage("An ID is empty: name messages by ids as in the list.");
        if (id.find('-') != std::string::npos) {
            const auto entry = TRY(call.find("QueueEntry", id));
            if (entry) {
                out.push_back(*entry);
                continue;
            }
        } else {
            json::Array found =
                TRY(call.list_onward("QueueEntry", json::Object{{"queueId", id}}, all_of_them));
            for (json::Value& entry : found) out.push_back(std::move(entry));
            if (!found.empty()) continue;
        }
        return Refusal{.kind = Refusal::Kind::not_found,
                       .text = fmt::format("The queue has no {}. It may have been delivered: "
                                           "pidge audit search --queue-id {}",
                                           id, id.substr(0, id.find('-')))};
    }
    return out;
}

// Those named, or with --all those that match the filters.
Result<json::Array> chosen_entries(Call& call) {
    const bool is_all = call.given.has("--all");
    if (is_all == call.given.has("ID"))
        return usage(
            "Name messages by their ids, or say --all (with --destination and the like to "
            "choose).");
    if (!is_all) {
        const bool has_filter =
            call.given.has("--older") || std::ranges::any_of(text_filters, [&](const auto& option) {
                return call.given.has(option.first);
            });
        if (has_filter)
            return usage("Name messages by their ids, or choose by --all with filters, not both.");
        return named_entries(call);
    }
    json::Object filter = TRY(filter_of(call));
    return call.list_onward("QueueEntry", std::move(filter), all_of_them);
}

Result<> show(Call& call) {
    const json::Array entries = TRY(named_entries(call));
    if (call.wants_json) {
        call.print_json(entries);
        return {};
    }
    bool is_first = true;
    for (const json::Value& entry : entries) {
        if (!is_first) call.print("");
        is_first = false;
        call.print(facts({{"id", text_of(entry, "id")},
                          {"state", text_of(entry, "state")},
                          {"from", shown_sender(entry)},
                          {"to", text_of(entry, "recipients")},
                          {"destination", text_of(entry, "destination")},
                          {"size", text_of(entry, "size")},
                          {"arrived", time_of(entry, "arrived")},
                          {"attempts", text_of(entry, "attempts")},
                          {"last attempt", time_of(entry, "lastAttempt")},
                          {"next attempt", time_of(entry, "due")},
                          {"last reply", text_of(entry, "lastReply")},
                          {"submitted by", text_of(entry, "account")},
                          {"sender warned", text_of(entry, "isDelayReported")}}));
    }
    return {};
}

// Does the same to each; what cannot be done to one does not keep the others from it.
Result<> for_each(Call& call, const std::function<Result<>(const std::string& id)>& act,
                  const std::string& told) {
    const json::Array entries = TRY(chosen_entries(call));
    json::Array done, gone, failed;
    std::string last_failure;
    for (const json::Value& entry : entries) {
        const std::string id = text_of(entry, "id");
        const auto result = act(id);
        if (result) {
            done.push_back(id);
        } else if (result.error().kind == Refusal::Kind::not_found) {
            gone.push_back(id);  // it was there a moment ago: it has been delivered meanwhile
        } else {
            last_failure = result.error().text;
            failed.push_back(json::Object{{"id", id}, {"why", last_failure}});
            call.note(id + ": " + last_failure);
        }
    }
    if (call.wants_json)
        call.print_json(json::Object{{"done", done}, {"gone", gone}, {"failed", failed}});
    else
        call.print(fmt::format(
            "{} {}.", told,
            done.size() == 1 ? std::string("1 message") : fmt::format("{} messages", done.size())));
    if (!gone.empty() && !call.wants_json)
        call.note(fmt::format("{} went out meanwhile.", gone.size()));
    if (!failed.empty()) call.code = static_cast<int>(Exit::refused);
    return {};
}

Result<> change(Call& call, json::Object patch, const std::string& told) {
    const auto act = [&](const std::string& id) -> Result<> {
        TRY(call.update("QueueEntry", id, patch));
        return {};
    };
    return for_each(call, act, told);
}

Result<> retry(Call& call) {
    return change(call,
                  json::Object{{"due", admin::utc_text(system_clock().now())}, {"held", false}},
                  "Will try at once:");
}

Result<> hold(Call& call) {
    return change(call, json::Object{{"held", true}}, "Held:");
}

Result<> release(Call& call) {
    return change(call, json::Object{{"held", false}}, "Released:");
}

Result<> remove(Call& call) {
    const bool wants_report = call.given.has("--report");
    const auto act = [&](const std::string& id) {
        return call.destroy("QueueEntry", id, json::Object{{"report", wants_report}});
    };
    return for_each(call, act, wants_report ? "Removed, with a report to the sender:" : "Removed:");
}

std::vector<Argument> filters() {
    return {{.name = "--state", .help = "waiting, deferred or held."},
            {.name = "--destination", .help = "Contained in the destination."},
            {.name = "--from", .help = "Contained in the sender's address."},
            {.name = "--to", .help = "Contained in a recipient's address."},
            {.name = "--account", .help = "Submitted by the account or range with this id."},
            {.name = "--older", .help = "Arrived before this time, or longer ago: 2h, 3d."}};
}

std::vector<Argument> choosing(std::vector<Argument> more = {}) {
    std::vector<Argument> all = {
        {.name = "ID",
         .kind = Argument::Kind::values,
         .help = "Ids as in the list, or queue ids, which stand for all entries of a message."},
        {.name = "--all",
         .kind = Argument::Kind::flag,
         .help = "All that match the filters given; without any, the whole queue."}};
    for (Argument& argument : filters()) all.push_back(std::move(argument));
    for (Argument& argument : more) all.push_back(std::move(argument));
    return all;
}

}  // namespace

std::vector<Verb> queue_verbs() {
    std::vector<Argument> listing = filters();
    listing.push_back({.name = "--limit", .help = "How many to show; 100 unless given."});
    return {
        {.words = "queue list",
         .summary = "List messages that are on their way",
         .arguments = listing,
         .examples = {"pidge queue list", "pidge queue list --state deferred --older 4h",
                      "pidge queue list --destination example.org --json"},
         .run = list},
        {.words = "queue show",
         .summary = "Show all about a message in the queue",
         .arguments = {{.name = "ID",
                        .kind = Argument::Kind::values,
                        .help = "An id as in the list, or a queue id.",
                        .is_required = true}},
         .examples = {"pidge queue show 01kaf3zq5v8b2c4d6e7f8g9h0j-0"},
         .run = show},
        {.words = "queue retry",
         .summary = "Try to deliver now, held messages too",
         .arguments = choosing(),
         .examples = {"pidge queue retry 01kaf3zq5v8b2c4d6e7f8g9h0j",
                      "pidge queue retry --all --destination example.org"},
         .run = retry},
        {.words = "queue hold",
         .summary = "Keep messages where they are",
         .arguments = choosing(),
         .examples = {"pidge queue hold --all --from newsletter@"},
         .run = hold},
        {.words = "queue release",
         .summary = "Let held messages go on",
         .arguments = choosing(),
         .examples = {"pidge queue release --all --state held"},
         .run = release},
        {.words = "queue remove",
         .summary = "Remove messages, with or without a report to the sender",
         .arguments = choosing({{.name = "--report",
                                 .kind = Argument::Kind::flag,
                                 .help = "Tell the sender that it was not delivered. Needs the "
                                         "running server."}}),
         .examples = {"pidge queue remove 01kaf3zq5v8b2c4d6e7f8g9h0j-0 --report",
                      "pidge queue remove --all --from spammer@"},
         .run = remove},
    };
}

}  // namespace pidge::command
