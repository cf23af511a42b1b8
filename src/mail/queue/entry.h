// A queue entry: one message on its way to one destination, with the recipients there that are
// still open. A message for several destinations has several entries; they share the body (a held
// blob) and nothing else, so that each is leased, tried and ended by itself.
//
//   accepted ──schedule──▶ due ──lease──▶ tried ──┬─ all recipients settled ─▶ gone
//                           ▲                     └─ some deferred ─▶ rewritten, scheduled again
//                           └──── a crash or a lost lease: due again as before ────┘
//
// The outcome of an entry that is gone stands in the audit log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "formats/address/mailbox.h"
#include "system/store/blob.h"
#include "system/store/lease.h"

namespace pidge::queue {

// Names a message from acceptance on: in the 250, in Received, in reports and in the audit trail.
using QueueId = Id<struct QueueTag>;
WallTime made_at(const QueueId& id);  // to the millisecond

struct EntryId {
    QueueId message;
    std::uint16_t index = 0;  // of the entry within its message

    std::string text() const;  // "01kaf…-0"
    static std::optional<EntryId> parse(std::string_view text);
    Bytes key() const;  // in space queue, and the item of its lease: 18 octets
    static std::optional<EntryId> from_key(std::string_view key);

    friend auto operator<=>(const EntryId&, const EntryId&) = default;
};

// RFC 8314 §3.3: the port of submission with TLS from the first octet.
inline constexpr std::uint16_t submissions_port = 465;

// Where an entry goes: what decides with which others it shares connections, limits and back-off.
struct Destination {
    enum class Kind : std::uint8_t { mx = 0, next_hop = 1, lmtp = 2, discard = 3 };
    enum class Tls : std::uint8_t {
        opportunistic = 0,  // and what the domain itself asks for: DANE, MTA-STS
        required = 1,
        verified = 2,
        // When it works, whatever the domain asks for: RFC 8460 §3, reports about TLS arrive though
        // TLS is broken.
        any = 3,
    };
    Kind kind = Kind::mx;
    // mx: the domain, or an address literal with its brackets; next_hop, lmtp: the host, a name or
    // an address; discard: not used
    std::string host;
    std::uint16_t port = 25;
    Tls tls = Tls::opportunistic;
    // next_hop: TLS from the first octet. Port 465 means it whatever stands here.
    bool implicit_tls = false;
    // next_hop: who logs in there; empty: nobody. Where the password is, the route knows that
    // names this host and user when the connection is made.
    std::string user;

    bool is_tls_first() const {
        return kind == Kind::next_hop && (implicit_tls || port == submissions_port);
    }

    // The normal form: "mx:example.org", "smtp:mail.example:25;tls=required",
    // "smtp:hub.example:587;tls=verified;user=alice@example.org", "lmtp:[2001:db8::1]:24",
    // "discard". Two destinations with one text are one destination.
    std::string text() const;
    static std::optional<Destination> parse(std::string_view text);
    store::DueGroup group() const;  // the first 8 octets of the SHA-256 of text()

    friend bool operator==(const Destination&, const Destination&) = default;
};

struct Recipient {
    address::Mailbox address;
    std::string original;  // ORCPT, "rfc822;…"; empty: not given
    // NOTIFY= was given; without it failure and delay are reported (RFC 3461 §4.1).
    bool notify_given = false;
    bool notify_success = false, notify_failure = false, notify_delay = false;
    // A role that stands for several, who are recipients of their own: nothing is sent for it, and
    // its success is that it was expanded (RFC 3461 §5.2.7.3 (c)).
    bool is_expanded = false;

    bool wants_failure() const { return !notify_given || notify_failure; }
    bool wants_delay() const { return !notify_given || notify_delay; }

    friend bool operator==(const Recipient&, const Recipient&) = default;
};

// RET= as given, and so as it goes on: RFC 3461 §5.2.1 (b) has neither form added nor dropped.
enum class Return : std::uint8_t { unspecified, full, headers };

struct Entry {
    EntryId id;
    Destination destination;
    // nullopt: null reverse-path; nothing is ever reported about this message.
    std::optional<address::Mailbox> sender;
    std::vector<Recipient> recipients;  // still open
    std::string envelope_id;            // ENVID
    Return ret = Return::unspecified;   // RET
    bool smtputf8 = false;              // needs SMTPUTF8 at the next hop
    bool eight_bit = false;             // holds octets above 127
    // What is sent is trace ‖ body.
    Bytes trace;  // header fields we put on top (Received)
    store::BlobId body;
    std::uint64_t body_bytes = 0;

    WallTime arrived;
    std::string principal;  // who submitted it: principal id or range id; empty: from outside
    std::uint32_t attempts = 0;
    std::optional<WallTime> last_attempt;
    // How long it has waited, as the sum of the waits between attempts, each counted no longer than
    // it was planned (and a little grace). What expires an entry; a clock that steps adds next to
    // nothing to it [C10].
    std::chrono::microseconds waited{0};
    WallTime due;                 // as scheduled
    std::string last_reply;       // why it is still here, for a person
    bool delay_reported = false;  // the sender was warned
    bool held = false;            // an administrator holds it: not scheduled

    friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace pidge::queue
