// Playing sessions against the server: whole scripts at once, or transcripts line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "protocols/smtp/server/session/options.h"
#include "protocols/smtp/testing/fake_backend.h"
#include "protocols/smtp/testing/test_stream.h"

namespace pidge::smtp::testing {

enum class Arrival : std::uint8_t {
    at_once,       // the server can see that more is there
    step_by_step,  // as if the client waited, with has_input() false: only what is read ahead is
                   // there
};

struct Script {
    std::string input;
    std::size_t piece_octets = SIZE_MAX;  // at most so many octets with each read
    bool is_tls = false;
    Arrival arrival = Arrival::at_once;
};

using Serve = net::Task<void> (*)(std::unique_ptr<net::Stream>, Backend&, const ServerOptions&);

// All that the server writes while the script is played to it and the client then leaves. `serve`:
// smtp::serve.
std::string play(Serve serve, const Script& script, Backend& backend, const ServerOptions& options);

// The codes of the replies in what a server wrote: "220 250 550"; continuation lines do not count.
std::string codes(std::string_view replies);

ServerOptions test_options(Service service = Service::mx);

}  // namespace pidge::smtp::testing
