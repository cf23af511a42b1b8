// Opening: makes one connection to one address fit for messages: connect, greeting, EHLO, TLS as it
// must be. Internal to this folder.
#pragma once

#include <memory>
#include <string>

#include "services/relay/courier.h"
#include "services/relay/smtp_courier.h"

namespace pidge::relay {

// What a connection must be protected by.
struct Protection {
    enum class Kind : std::uint8_t { none, opportunistic, encrypted, verified, dane };
    Kind kind = Kind::opportunistic;
    std::vector<tls::TlsaRecord> records;  // dane

    bool is_must() const { return kind != Kind::none && kind != Kind::opportunistic; }
};
Protection protection_of(const queue::Destination& destination, const Dane& dane);

struct Opened {
    std::unique_ptr<Line> line;      // null: see failure
    queue::RecipientResult failure;  // permanent: the host refuses our mail altogether
    bool is_tls_trouble = false;     // it may work in clear
};

struct OpeningPlan {
    queue::Destination destination;
    Host host;
    net::Endpoint endpoint;
    Protection protection;
};
// Throws Gone(shutdown) only. The parts and options live as long as the line.
net::Task<Opened> open_line(const SmtpCourierParts& parts, const SmtpCourierOptions& options,
                            const OpeningPlan& plan);

}  // namespace pidge::relay
