// Opening: makes one connection to one address fit for messages: connect, greeting, EHLO, TLS as it
// must be. Internal to this folder.
#pragma once

#include <memory>
#include <string>

#include "services/relay/courier.h"
#include "services/relay/host_policy.h"
#include "services/relay/smtp_courier.h"

namespace pidge::relay {

struct Opened {
    std::unique_ptr<Line> line;      // null: see failure
    queue::RecipientResult failure;  // permanent: the host refuses our mail altogether
    bool is_tls_trouble = false;     // it may work in clear
    std::optional<TlsOutcome> tls;   // nullopt: it did not come to TLS
    std::string sending_address;     // ours; empty: there was no connection
};

struct OpeningPlan {
    queue::Destination destination;
    Host host;
    net::Endpoint endpoint;
    Protection protection;
    bool is_sts = false;  // an MTA-STS policy holds: the certificate is to name the exchanger
};
// Throws Gone(shutdown) only. The parts and options live as long as the line.
net::Task<Opened> open_line(const SmtpCourierParts& parts, const SmtpCourierOptions& options,
                            const OpeningPlan& plan);

}  // namespace pidge::relay
