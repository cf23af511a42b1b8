// Gone: the connection, or the service behind it, is not there any more (closed, reset, deadline
// passed, shutting down). Thrown by the functions of system/net, caught once per session or job; no
// protocol code checks for it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace pidge::net {

class Gone : public std::runtime_error {
 public:
    enum class Why : std::uint8_t {
        closed,    // the peer ended the connection where more was needed
        reset,     // the connection broke, or could not be made
        deadline,  // our own deadline passed
        shutdown,  // this process is ending
        tls,       // the TLS handshake failed or the peer broke the protocol
        full,      // a bounded queue or pool had no place
    };
    Gone(Why why, const std::string& text) : std::runtime_error(text), why(why) {}

    Why why;
};

}  // namespace pidge::net
