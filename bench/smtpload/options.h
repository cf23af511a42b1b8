// What the command line of smtpload asks for. Read once, then only read.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace load {

enum class Security { none, starttls, tls };

struct Options {
    std::string host = "127.0.0.1";  // only 127.0.0.0/8
    std::vector<int> ports;          // connections take them in turn; none given: 25
    int sessions = 1;                // connections at the same time
    long count = 100;                // messages in all
    long per_connection = 0;         // messages per connection; 0: all of them
    std::size_t size_bytes = 4096;   // of a message, header and body
    std::string from = "load@client.test";
    std::string recipient =
        "user@site.test";  // "%d" becomes the message's number modulo `recipient_modulus`
    long recipient_modulus = 1;
    std::string helo = "load.client.test";
    std::string user, password;  // AUTH PLAIN when there is a user
    Security security = Security::none;
    bool pipeline = false;   // MAIL, RCPT and DATA in one go
    int sink_port = 0;       // also receive on this port; 0: no sink
    bool sink_only = false;  // do not send
    std::string sink_log;    // the sink syncs every message to this file, many at once
    int wait_s = 120;        // for the sink to get its messages
};

// Ends the program with code 2 and a word about it when the arguments cannot be understood.
Options read_options(int argc, char** argv);

}  // namespace load
