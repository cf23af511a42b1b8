// accept and connect: the TLS handshake, as server and as client, over any Stream. The result is
// again a Stream.
//
// The stream is handed over whole: the caller makes sure that nothing read before is left in a
// buffer of its own (attacks.md F07, G4): after STARTTLS, octets already read mean that the
// connection is closed instead.
//
// Both set the stream's deadline to `deadline` from now and leave it so. They throw Gone(tls) when
// the handshake fails (the peer has been sent the alert), Gone(closed), Gone(reset) or
// Gone(deadline) otherwise. The TLS stream's read_some returns 0 only after the peer's
// close_notify; an end without it throws Gone(closed), because what came may have been cut off.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "system/net/stream.h"
#include "system/tls/client_context.h"
#include "system/tls/server_context.h"

namespace pidge::tls {

// RFC 6698 §2.1
struct TlsaRecord {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching_type = 0;
    Bytes data;
};

// Whether mail can be protected by this record: DANE-TA(2) or DANE-EE(3), a selector and a matching
// type that we know, and data that fit them. RFC 7672 §3.1.3: PKIX-TA(0) and PKIX-EE(1) count as
// unusable.
bool is_usable(const TlsaRecord& record);

struct ConnectOptions {
    // Host name for SNI and for the check of the certificate, or an address in text form (no SNI
    // then). It may be empty only if nothing is verified.
    std::string server_name;
    // For Verification::dane. Unusable records are passed over; without any usable one
    // peer_verified stays false.
    std::vector<TlsaRecord> tlsa;
    // Further names that a certificate under DANE-TA(2) may have (RFC 7672 §3.2.2: the next-hop
    // domain).
    std::vector<std::string> further_names;
    std::vector<std::string> alpn;  // offered, the preferred first; empty: none
    std::chrono::milliseconds deadline{30'000};
};

net::Task<std::unique_ptr<net::Stream>> accept(std::unique_ptr<net::Stream> stream,
                                               const ServerContext& context,
                                               std::chrono::milliseconds deadline);
net::Task<std::unique_ptr<net::Stream>> connect(std::unique_ptr<net::Stream> stream,
                                                const ClientContext& context,
                                                ConnectOptions options);

}  // namespace pidge::tls
