// Courier: brings entries to their destination. What the scheduler knows of the outside world, so
// that it can be tested and simulated without one. SmtpCourier (smtp_courier.h) is the real one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mail/queue/entry.h"
#include "mail/queue/outcome.h"
#include "services/relay/body.h"
#include "system/net/task.h"

namespace pidge::relay {

// Where a line leads and how it is protected; for the audit trail.
struct LineInfo {
    std::string host;     // its name, or its address in brackets
    std::string address;  // "192.0.2.1:25"; empty: no host
    std::string tls;      // "TLSv1.3 TLS_AES_256_GCM_SHA384, dane"; empty: in clear
};

// A host that was tried on the way to a line, and why it was left.
struct HostNote {
    LineInfo where;
    std::string text;  // printable
};

struct Delivery {
    // One for each recipient of the entry, in order.
    std::vector<queue::RecipientResult> results;
    bool passed_reports_on = false;  // the other side was given the DSN parameters (RFC 3461)
    // It was sent as quoted-printable and base64, as the host takes seven bits only.
    bool is_converted = false;

    enum class Line : std::uint8_t {
        usable,  // for the next message
        ended,   // broken, or the other side said so: what is in `results` stands
        // Broken before the other side had the message whole: another host may be tried now, and
        // `results` stand if there is none.
        another,
        // Closed since the last message, as idle connections are: nothing was tried.
        stale,
    } line = Line::usable;
};

// A connection that is ready for messages (TLS and EHLO are done). Used by one coroutine.
// Destroying it closes the connection at once.
class Line {
 public:
    virtual ~Line() = default;
    // Throws Gone(shutdown) only, when the loop ends; all other trouble is in the results.
    virtual net::Task<Delivery> deliver(const queue::Entry& entry, Body& body) = 0;
    virtual net::Task<void> quit() = 0;  // an orderly goodbye; never throws, bounded
    virtual const LineInfo& info() const = 0;
    // The other side takes no further message on it, and has said so.
    virtual bool is_used_up() const { return false; }
};

struct Connected {
    std::unique_ptr<Line> line;      // null: none of the hosts can be used
    queue::RecipientResult failure;  // then: what that means for each recipient
    // The failure is of the destination as a whole, not of one attempt: it is left alone for a
    // while.
    bool is_unreachable = true;
    std::vector<HostNote> tried;  // in vain, in order
};

class Courier {
 public:
    virtual ~Courier() = default;
    // A line to the first host of the destination that can be used and is not among `avoid`
    // (LineInfo::address of those that have failed this message). Throws Gone(shutdown) and
    // store::Fault only.
    virtual net::Task<Connected> connect(queue::Destination destination,
                                         std::vector<std::string> avoid) = 0;
};

}  // namespace pidge::relay
