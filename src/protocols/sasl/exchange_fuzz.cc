// The messages of both sides of SASL. The first octet chooses what the rest is read as; in a SCRAM
// exchange with a real client the fuzzer is the other side.
#include <cstdlib>

#include "protocols/sasl/client_exchange.h"
#include "protocols/sasl/plain.h"
#include "protocols/sasl/scram_keys.h"
#include "protocols/sasl/scram_server.h"

using namespace pidge;
using namespace pidge::sasl;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void read_server_first(std::string_view input) {
    const auto first = parse_server_first(input);
    if (!first) return;
    const auto again = parse_server_first(text_of(*first));
    require(again && again->nonce == first->nonce && again->salt == first->salt &&
            again->iterations == first->iterations);
}

// Nothing but the right proof logs in, and nobody knows it here.
void play_server(std::string_view input) {
    const std::size_t cut = input.find('\n');
    if (cut == std::string_view::npos) return;
    const net::TlsInfo tls{.server_end_point = "point", .exporter = "exporter"};
    for (const auto variant : {ScramServer::Variant::plain, ScramServer::Variant::plus}) {
        ScramServer server(variant, &tls, true, "nonce");
        const auto first = server.client_first(input.substr(0, cut));
        if (!first) continue;
        require(!first->login.empty() && first->login.size() <= 2000);
        (void)server.server_first({.salt = "salt",
                                   .iterations = 4096,
                                   .keys = {{std::string(32, 's'), std::string(32, 'k'), ""}},
                                   .is_real = true});
        const auto final = server.client_final(input.substr(cut + 1));
        require(!final || !final->proof_holds);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 5) {
        case 0:
            (void)parse_plain(input);
            break;
        case 1:
            (void)parse_client_first(input);
            break;
        case 2:
            read_server_first(input);
            break;
        case 3:
            (void)parse_client_final(input);
            break;
        default:
            play_server(input);
            break;
    }
    return 0;
}
