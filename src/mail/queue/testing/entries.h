// Entries for tests.
#pragma once

#include "mail/queue/entry.h"

namespace pidge::queue::testing {

// Every field set to something that is not its default.
inline Entry full_entry() {
    Entry entry;
    entry.id = {QueueId::make(1'700'000'000'000), 3};
    entry.destination = {.kind = Destination::Kind::next_hop,
                         .host = "mail.example",
                         .port = 587,
                         .tls = Destination::Tls::verified,
                         .implicit_tls = true,
                         .user = "alice;\xc3\xbc"};
    entry.sender = address::Mailbox{.local_part = "alice smith", .domain = "site.example"};
    entry.recipients.push_back({.address = {.local_part = "bob", .domain = "example.org"},
                                .original = "rfc822;bob@example.net",
                                .notify_given = true,
                                .notify_success = true,
                                .notify_failure = true,
                                .notify_delay = true,
                                .is_expanded = true});
    entry.recipients.push_back(
        {.address = {.local_part = "j\xc3\xbc", .domain = "[192.0.2.1]", .literal = true}});
    entry.envelope_id = "QQ314159";
    entry.ret = Return::full;
    entry.smtputf8 = entry.eight_bit = true;
    entry.trace = "Received: from client\r\n";
    entry.body = *store::BlobId::from_bytes(std::string(32, '\x07'));
    entry.body_bytes = 4321;
    entry.arrived = WallTime(std::chrono::seconds(1'700'000'000));
    entry.principal = "p-alice";
    entry.attempts = 4;
    entry.last_attempt = entry.arrived + std::chrono::hours(1);
    entry.waited = std::chrono::minutes(55);
    entry.due = entry.arrived + std::chrono::hours(2);
    entry.last_reply = "mx.example.org: 451 4.7.1 Greylisted";
    entry.delay_reported = entry.held = true;
    return entry;
}

}  // namespace pidge::queue::testing
