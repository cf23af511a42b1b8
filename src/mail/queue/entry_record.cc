#include "mail/queue/entry_record.h"

#include "base/check.h"
#include "formats/record/format.h"
#include "formats/record/record.h"
#include "mail/queue/limits.h"

namespace pidge::queue {

namespace {

constexpr std::uint8_t version = 1;

// The numbers are on disk: never change or reuse one.
namespace field {
enum Number : std::uint32_t {
    message = 1,
    index = 2,
    kind = 3,
    host = 4,
    port = 5,
    tls = 6,
    sender = 7,
    recipient = 8,
    envelope_id = 9,
    flags = 10,
    trace = 11,
    body = 12,
    body_bytes = 13,
    arrived = 14,
    principal = 15,
    attempts = 16,
    last_attempt = 17,
    waited = 18,
    due = 19,
    last_reply = 20,
    tls_first = 21,
    user = 22,
};
}  // namespace field

enum Flag : std::uint64_t {
    return_full = 1,
    smtputf8 = 2,
    eight_bit = 4,
    delay_reported = 8,
    held = 16,
    tried = 32,  // last_attempt is given
    return_headers = 64,
};

namespace mailbox_field {
enum Number : std::uint32_t { local_part = 1, domain = 2, literal = 3 };
}
namespace recipient_field {
enum Number : std::uint32_t { address = 1, original = 2, notify = 3, expanded = 4 };
}
enum Notify : std::uint64_t { given = 1, success = 2, failure = 4, delay = 8 };

std::int64_t ticks(WallTime time) {
    return time.time_since_epoch().count();
}
WallTime time_of(std::int64_t ticks) {
    return WallTime(std::chrono::microseconds(ticks));
}

Bytes record_of(const address::Mailbox& mailbox) {
    record::Writer out(version);
    out.bytes(mailbox_field::local_part, mailbox.local_part);
    out.bytes(mailbox_field::domain, mailbox.domain);
    out.number(mailbox_field::literal, mailbox.literal ? 1 : 0);
    return out.take();
}

std::optional<address::Mailbox> read_mailbox(std::string_view bytes) {
    address::Mailbox mailbox;
    record::Reader in(bytes);
    while (const auto found = in.next()) {
        switch (found->number) {
            case mailbox_field::local_part:
                mailbox.local_part = found->bytes;
                break;
            case mailbox_field::domain:
                mailbox.domain = found->bytes;
                break;
            case mailbox_field::literal:
                mailbox.literal = found->value != 0;
                break;
            default:
                break;
        }
    }
    if (in.is_broken() || in.version() != version) return std::nullopt;
    return mailbox;
}

Bytes record_of(const Recipient& recipient) {
    record::Writer out(version);
    out.bytes(recipient_field::address, record_of(recipient.address));
    out.bytes(recipient_field::original, recipient.original);
    out.number(recipient_field::notify, (recipient.notify_given ? given : 0u) |
                                            (recipient.notify_success ? success : 0u) |
                                            (recipient.notify_failure ? failure : 0u) |
                                            (recipient.notify_delay ? delay : 0u));
    // Programs before skip it, and say "delivered".
    if (recipient.is_expanded) out.number(recipient_field::expanded, 1);
    return out.take();
}

std::optional<Recipient> read_recipient(std::string_view bytes) {
    Recipient recipient;
    bool has_address = false;
    record::Reader in(bytes);
    while (const auto found = in.next()) {
        switch (found->number) {
            case recipient_field::address: {
                auto address = read_mailbox(found->bytes);
                if (!address) return std::nullopt;
                recipient.address = *std::move(address);
                has_address = true;
                break;
            }
            case recipient_field::original:
                recipient.original = found->bytes;
                break;
            case recipient_field::notify:
                recipient.notify_given = (found->value & given) != 0;
                recipient.notify_success = (found->value & success) != 0;
                recipient.notify_failure = (found->value & failure) != 0;
                recipient.notify_delay = (found->value & delay) != 0;
                break;
            case recipient_field::expanded:
                recipient.is_expanded = found->value != 0;
                break;
            default:
                break;
        }
    }
    if (in.is_broken() || in.version() != version || !has_address) return std::nullopt;
    return recipient;
}

template <typename Number>
bool read_number(const record::Field& found, Number& into, std::uint64_t greatest) {
    if (found.is_bytes || found.value > greatest) return false;
    into = static_cast<Number>(found.value);
    return true;
}

bool read_destination(const record::Field& found, Destination& destination) {
    switch (found.number) {
        case field::kind:
            return read_number(found, destination.kind, 3);
        case field::port:
            return read_number(found, destination.port, UINT16_MAX);
        case field::tls:
            return read_number(found, destination.tls, 3);
        case field::tls_first:
            destination.implicit_tls = found.value != 0;
            return true;
        case field::user:
            destination.user = found.bytes;
            return true;
        default:
            destination.host = found.bytes;
            return true;
    }
}

void read_flags(std::uint64_t flags, Entry& entry) {
    if ((flags & return_headers) != 0) entry.ret = Return::headers;
    if ((flags & return_full) != 0) entry.ret = Return::full;
    entry.smtputf8 = (flags & smtputf8) != 0;
    entry.eight_bit = (flags & eight_bit) != 0;
    entry.delay_reported = (flags & delay_reported) != 0;
    entry.held = (flags & held) != 0;
    // The time may follow, and the epoch itself takes no room.
    if ((flags & tried) != 0 && !entry.last_attempt) entry.last_attempt = WallTime();
}

bool read_sender(std::string_view bytes, Entry& entry) {
    auto sender = read_mailbox(bytes);
    if (!sender) return false;
    entry.sender = *std::move(sender);
    return true;
}

bool read_recipient(std::string_view bytes, Entry& entry) {
    if (entry.recipients.size() == recipients_read_max) return false;
    auto recipient = read_recipient(bytes);
    if (!recipient) return false;
    entry.recipients.push_back(*std::move(recipient));
    return true;
}

template <typename T>
bool assign(T& into, std::optional<T> value) {
    if (!value) return false;
    into = *std::move(value);
    return true;
}

bool read_field(const record::Field& found, Entry& entry) {
    switch (found.number) {
        case field::message:
            return assign(entry.id.message, QueueId::from_bytes(found.bytes));
        case field::index:
            return read_number(found, entry.id.index, UINT16_MAX);
        case field::kind:
        case field::host:
        case field::port:
        case field::tls:
        case field::tls_first:
        case field::user:
            return read_destination(found, entry.destination);
        case field::sender:
            return read_sender(found.bytes, entry);
        case field::recipient:
            return read_recipient(found.bytes, entry);
        case field::envelope_id:
            entry.envelope_id = found.bytes;
            return true;
        case field::flags:
            read_flags(found.value, entry);
            return true;
        case field::trace:
            entry.trace = found.bytes;
            return true;
        case field::body:
            return assign(entry.body, store::BlobId::from_bytes(found.bytes));
        case field::body_bytes:
            entry.body_bytes = found.value;
            return true;
        case field::arrived:
            entry.arrived = time_of(found.signed_value());
            return true;
        case field::principal:
            entry.principal = found.bytes;
            return true;
        case field::attempts:
            return read_number(found, entry.attempts, UINT32_MAX);
        case field::last_attempt:
            entry.last_attempt = time_of(found.signed_value());
            return true;
        case field::waited:
            entry.waited = std::chrono::microseconds(found.signed_value());
            return true;
        case field::due:
            entry.due = time_of(found.signed_value());
            return true;
        case field::last_reply:
            entry.last_reply = found.bytes;
            return true;
        default:
            return true;  // of a newer version
    }
}

}  // namespace

Bytes record_of(const Entry& entry) {
    check(entry.recipients.size() <= recipients_read_max, "an entry that nobody could read back");
    // Formats above the first exist in builds that try updates out only (formats/record/format.h).
    record::Writer out(static_cast<std::uint8_t>(record::writable_format()));
    out.bytes(field::message, entry.id.message.bytes());
    out.number(field::index, entry.id.index);
    out.number(field::kind, static_cast<std::uint64_t>(entry.destination.kind));
    out.bytes(field::host, entry.destination.host);
    out.number(field::port, entry.destination.port);
    out.number(field::tls, static_cast<std::uint64_t>(entry.destination.tls));
    if (entry.sender) out.bytes(field::sender, record_of(*entry.sender));
    for (const Recipient& recipient : entry.recipients)
        out.element(field::recipient, record_of(recipient));
    out.bytes(field::envelope_id, entry.envelope_id);
    out.number(field::flags, (entry.ret == Return::full ? return_full : 0u) |
                                 (entry.ret == Return::headers ? return_headers : 0u) |
                                 (entry.smtputf8 ? smtputf8 : 0u) |
                                 (entry.eight_bit ? eight_bit : 0u) |
                                 (entry.delay_reported ? delay_reported : 0u) |
                                 (entry.held ? held : 0u) | (entry.last_attempt ? tried : 0u));
    out.bytes(field::trace, entry.trace);
    out.bytes(field::body, entry.body.bytes());
    out.number(field::body_bytes, entry.body_bytes);
    out.signed_number(field::arrived, ticks(entry.arrived));
    out.bytes(field::principal, entry.principal);
    out.number(field::attempts, entry.attempts);
    if (entry.last_attempt) out.signed_number(field::last_attempt, ticks(*entry.last_attempt));
    out.signed_number(field::waited, entry.waited.count());
    out.signed_number(field::due, ticks(entry.due));
    out.bytes(field::last_reply, entry.last_reply);
    if (entry.destination.implicit_tls) out.number(field::tls_first, 1);
    if (!entry.destination.user.empty()) out.bytes(field::user, entry.destination.user);
    return out.take();
}

std::optional<Entry> read_entry(std::string_view record) {
    Entry entry;
    entry.destination.port = 0;
    record::Reader in(record);
    while (const auto found = in.next()) {
        if (!read_field(*found, entry)) return std::nullopt;
    }
    const bool is_known = in.version() >= version && in.version() <= record::newest_format;
    if (in.is_broken() || !is_known) return std::nullopt;
    if (entry.id.message.is_none() || entry.recipients.empty()) return std::nullopt;
    return entry;
}

}  // namespace pidge::queue
