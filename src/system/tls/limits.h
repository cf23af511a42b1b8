// Limits of system/tls. Each stands with its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::tls::limits {

// Ciphertext taken from the stream at once: a full record (16 KiB and its overhead) and the
// beginning of the next. The buffer exists only while there is something in it.
inline constexpr std::size_t read_buffer_octets = 20 * 1024;
// Plaintext per record; the most that TLS allows (RFC 8446 §5.1).
inline constexpr std::size_t record_octets = 16 * 1024;
// Ciphertext gathered before it is written out: few system calls, little memory.
inline constexpr std::size_t write_gather_octets = 64 * 1024;
// A session can be resumed this long. Its ticket key lives as long as the process or the
// certificate.
inline constexpr std::chrono::seconds session_lifetime{2 * 3600};
// Sessions that a client context remembers, one per server; about 1 KiB each.
inline constexpr std::size_t client_sessions = 1000;
// Certificates of one service: looked through at each handshake.
inline constexpr std::size_t certificates = 200;
// A certificate or key file; chains have a few KiB.
inline constexpr std::size_t pem_file_octets = 1024 * 1024;
// Certificates in one chain file.
inline constexpr std::size_t chain_certificates = 20;
// Protocols offered by ALPN, and the most octets of one name (RFC 7301 §3.1).
inline constexpr std::size_t alpn_name_octets = 255;

}  // namespace pidge::tls::limits
