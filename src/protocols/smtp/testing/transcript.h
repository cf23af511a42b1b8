// Transcripts: sessions as text, for tests that nobody has to compile.
//
//   # a comment
//   service: submission       mx (default), submission or submissions
//   tls: yes                  the session is within TLS from its beginning
//   start_tls: yes            STARTTLS is offered; nothing is encrypted, both sides think so
//   authentication: required  none, offered or required; by default what the service asks for
//   message_octets: 100
//   recipients_max: 2
//   delivered: 1              how many messages the backend must have at the end; default 0
//
//   C: EHLO client.example    a line that the client sends; CR LF is added. Lines in a row go out
//                             in one piece
//   C~ DATA\r                 the same without CR LF
//   S: 250-mx.site.example *  a line that the server must say; * stands for any text
//   S: 250 ...                a whole reply with this code, of any number of lines
//   S: <closed>               the server closes the connection
//
// In C lines \r \n \0 \\ and \xNN stand for octets. The backend is FakeBackend with its rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocols/smtp/testing/play.h"

namespace pidge::smtp::testing {

struct TranscriptLine {
    enum class Who : std::uint8_t { client, server } who = Who::client;
    std::string text;  // octets to send, or pattern
    int number = 0;    // in the file
};

struct Transcript {
    ServerOptions options;
    bool is_tls = false;
    std::size_t delivered = 0;
    std::vector<TranscriptLine> lines;
};

// Refuses a file that is none, with the line number.
Result<Transcript> parse_transcript(std::string_view file);

struct TranscriptOutcome {
    std::string difference;  // empty: as written
    std::size_t steps = 0;   // reads and writes of the server
    std::size_t delivered = 0;
    bool is_over = false;  // the server noticed the end
};
TranscriptOutcome run_transcript(const Transcript& transcript, Serve serve, Trouble trouble);

bool matches(std::string_view text, std::string_view pattern);

}  // namespace pidge::smtp::testing
