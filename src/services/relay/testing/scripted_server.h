// ScriptedServer: a mail server over in-memory streams that behaves at each stage as its script
// says [C8]. Used on one loop; with simulated time it hangs for hours in no time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "system/net/stream.h"
#include "system/tls/server_context.h"

namespace pidge::relay::testing {

enum class Stage : std::uint8_t {
    connect,
    greeting,
    hello,
    start_tls,
    handshake,
    hello_again,
    mail,
    rcpt,
    data,
    body,
    final_dot,
    quit,
};
inline constexpr int stages = 12;

enum class Behaviour : std::uint8_t {
    normal,
    temporary,  // 451
    permanent,  // 550
    hang,
    reset,
    finish,  // an orderly end
    garbage,
    huge,         // a reply without end
    slow,         // an octet a second
    closing,      // 421
    disagreeing,  // lines with different codes
};
inline constexpr int behaviours = 11;

class ScriptedServer {
 public:
    std::map<Stage, Behaviour> script;
    std::shared_ptr<tls::ServerContext> tls;  // null: STARTTLS is not offered
    std::vector<std::string> extensions = {"8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"};
    bool is_lmtp = false;

    struct Message {
        std::vector<std::string> envelope;  // the commands
        std::string body;                   // as on the wire, dots stuffed, without the last dot
        bool over_tls = false;
    };
    std::vector<Message> messages;  // those that were answered with 250
    std::vector<std::string> commands;
    int connections = 0;
    net::Address last_client;
    std::uint64_t written_huge = 0;  // of a reply without end, until nobody read on
    bool mail_in_clear = false;      // MAIL was said without TLS

    // Serves a connection that was made elsewhere; the server outlives it.
    net::Task<void> serve(std::unique_ptr<net::Stream> stream);
    // One connection. Throws Gone.
    net::Task<std::unique_ptr<net::Stream>> dial(net::Endpoint from_endpoint);

 private:
    struct Session;
};

}  // namespace pidge::relay::testing
