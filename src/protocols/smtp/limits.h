// Limits of SMTP, in both roles, each with its reason. Times are milliseconds, sizes octets.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pidge::smtp::limits {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- server: commands (attacks.md F13) ---
// RFC 5321 §4.5.3.1.4 asks for 512; extensions add to it (SIZE 26, DSN 100 + 500, AUTH 500 …).
inline constexpr std::size_t command_line_octets = 2048;
inline constexpr std::size_t auth_line_octets = 12'288;  // RFC 4954 §4
inline constexpr std::size_t overlong_line_discard_octets =
    64 * 1024;                                                 // then the connection closes
inline constexpr std::size_t helo_octets = 255;                // RFC 5321 §4.5.3.1.2
inline constexpr std::size_t parameters_max = 32;              // more than all parameters there are
inline constexpr std::size_t envelope_id_octets = 100;         // RFC 3461 §4.4
inline constexpr std::size_t original_recipient_octets = 500;  // RFC 3461 §4.2

// --- server: behaviour of a session ---
inline constexpr int errors_max = 20;  // wrong commands until a message is accepted; then 421
// NOOP, RSET, VRFY … between messages: a session is no parking place.
inline constexpr int idle_commands_max = 1000;
// Per connection; the backend counts across connections.
inline constexpr int failed_logins_max = 5;
// attacks.md R07
inline constexpr int unknown_recipients_free = 2;
inline constexpr milliseconds unknown_recipient_delay = seconds(1);
inline constexpr int unknown_recipients_max = 10;

// --- server: bodies ---
inline constexpr std::size_t recipients_max = 500;  // RFC 5321 §4.5.3.1.8 asks for 100
// RCPTs of one transaction, as a multiple of the above.
inline constexpr std::size_t recipient_tries = 10;
inline constexpr std::uint64_t message_octets = 100ULL << 20;
// attacks.md F04. Large enough for a client that sends 1 GB in chunks of 100 KB.
inline constexpr std::uint32_t chunks_max = 10'000;
// Payload of a refused BDAT that is read and thrown away, so that the session can go on. A larger
// one closes it.
inline constexpr std::uint64_t refused_payload_octets = 4ULL << 20;
// What is read beyond the size limit to get to the end of the data and say 552. More closes the
// connection.
inline constexpr std::uint64_t oversize_discard_octets = 16ULL << 20;

// --- server: buffers ---
inline constexpr std::size_t idle_buffer_octets = 512;        // most commands; lives in the session
inline constexpr std::size_t read_buffer_octets = 32 * 1024;  // only while there is much to read
inline constexpr std::size_t reply_buffer_octets =
    8 * 1024;  // gathered replies are written at this size

// --- server: times (attacks.md F14; RFC 5321 §4.5.3.2.7: at least 5 minutes) ---
inline constexpr milliseconds command_timeout = seconds(300);
inline constexpr milliseconds command_timeout_crowded = seconds(10);
inline constexpr milliseconds login_timeout = seconds(120);  // where a login is required
// At least 500 octets a second, judged over 60 s: each 30,000 octets of a body come within 60 s.
inline constexpr milliseconds pace_window = seconds(60);
inline constexpr std::uint64_t pace_octets = 30'000;
inline constexpr milliseconds reply_timeout = seconds(30);  // the peer does not read what we write
inline constexpr milliseconds farewell_timeout = seconds(5);  // last words and an orderly end

// What is read and thrown away after a last reply to a client that is still sending, so that it
// sees that reply.
inline constexpr std::size_t linger_octets = 1 << 20;
inline constexpr milliseconds linger_timeout = seconds(2);

// --- client: replies (attacks.md F12) ---
inline constexpr std::size_t reply_line_octets = 2048;  // RFC 5321 §4.5.3.1.5 asks for 512
inline constexpr std::size_t reply_lines_max = 100;
inline constexpr std::size_t reply_octets_max = 64 * 1024;
inline constexpr std::size_t client_buffer_octets = 4096;
inline constexpr std::size_t client_write_octets = 64 * 1024;     // gathered before a write
inline constexpr std::uint64_t client_chunk_octets = 1ULL << 20;  // of BDAT: one reply for each
// Then their replies are read, so that neither side's buffers fill up.
inline constexpr std::size_t client_pipelined_recipients = 100;

// --- client: times (RFC 5321 §4.5.3.2) ---
inline constexpr milliseconds greeting_timeout = seconds(300);
inline constexpr milliseconds client_command_timeout = seconds(300);
inline constexpr milliseconds data_start_timeout = seconds(120);
inline constexpr milliseconds data_block_timeout = seconds(180);
inline constexpr milliseconds data_end_timeout = seconds(600);
// After the text could not be written any more: what the server said before it closed is here, or
// on its way.
inline constexpr milliseconds last_words_timeout = seconds(2);

}  // namespace pidge::smtp::limits
