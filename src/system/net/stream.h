// Stream: a connected, ordered stream of octets. TCP, UNIX sockets, TLS over any Stream, and an
// in-memory pair for tests are all Streams; protocol code knows only this class.
//
// A stream belongs to one event loop for life and is used by one coroutine at a time for reading
// and one for writing. All functions throw Gone when the connection ends or the deadline passes.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "system/net/endpoint.h"
#include "system/net/task.h"

namespace pidge::net {

// What is known of the TLS session of a stream; for decisions, trace fields and the audit trail.
struct TlsInfo {
    std::string version;  // "TLSv1.3"
    std::string cipher;   // "TLS_AES_256_GCM_SHA384"
    int cipher_bits = 0;
    std::string server_name;   // SNI that the client sent; may be empty
    std::string alpn;          // protocol agreed on; may be empty
    std::string peer_subject;  // subject of the peer's certificate; empty when there was none
    bool peer_verified = false;
    std::string verify_error;  // why the peer's certificate was not verified; empty when it was, or
                               // there was none
    // RFC 5929 tls-server-end-point and RFC 9266 tls-exporter, raw octets; for SCRAM-…-PLUS.
    std::string server_end_point;
    std::string exporter;
};

class Stream {
 public:
    virtual ~Stream() = default;

    // Reads at least one octet. Returns 0 only at the end of the stream (the peer closed orderly).
    virtual Task<std::size_t> read_some(std::span<char> into) = 0;
    // Waits until read_some would not wait: there are octets, or the stream has ended. A holder of
    // many idle streams allocates its buffer after this. The default returns at once, which is
    // always allowed.
    virtual Task<void> wait_readable();
    // Whether octets are here that read_some would return without waiting. May be false although
    // some are on their way; a peer that must wait for our reply and did not is found this way
    // (attacks.md F06, F07). A stream over another one asks that one.
    virtual bool has_input() = 0;
    // Writes all; `bytes` must live until it returns.
    virtual Task<void> write(std::string_view bytes) = 0;
    // Says an orderly goodbye (TLS close_notify, FIN). Never throws; bounded by the deadline.
    virtual Task<void> shutdown() = 0;
    // Breaks the connection at once; whoever waits on it gets Gone. Idempotent.
    virtual void close() noexcept = 0;

    // All waits of this stream throw Gone(deadline) from then on, until a new deadline is set.
    // Costs next to nothing; its grain is half a second.
    virtual void set_deadline(std::chrono::milliseconds from_now) = 0;

    virtual Endpoint local() const = 0;
    virtual Endpoint remote() const = 0;
    virtual const TlsInfo* tls() const {
        return nullptr;
    }  // null: not TLS. Lives as long as the stream.
};

}  // namespace pidge::net
