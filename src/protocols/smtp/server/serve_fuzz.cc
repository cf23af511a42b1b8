// Whole sessions from every state. The first octet chooses the state and the service, the second
// how the input is cut. FakeBackend checks the order of calls; here we check that nothing is
// delivered that was not begun, and that the session ends.
#include <cstdlib>

#include "protocols/smtp/server/serve.h"
#include "protocols/smtp/testing/play.h"
#include "protocols/smtp/wire/line_ends.h"
#include "system/net/gone.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

constexpr std::string_view prefixes[] = {
    "",
    "EHLO x\r\n",
    "HELO x\r\n",
    "EHLO x\r\nMAIL FROM:<a@x.example>\r\n",
    "EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\n",
    "EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n",
    "EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nBDAT 4\r\na\r\nb",
    "EHLO x\r\nMAIL FROM:<a@x.example> BODY=BINARYMIME\r\nRCPT TO:<b@x.example>\r\n",
    "EHLO x\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nMAIL FROM:<a@x.example>\r\n",
    "EHLO x\r\nAUTH LOGIN\r\n",
    "EHLO x\r\nAUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw==\r\n",
    "EHLO x\r\nSTARTTLS\r\n",
    "EHLO x\r\nSTARTTLS\r\nEHLO x\r\n",
};

net::Task<void> play_all(std::string_view prefix, std::string_view input, std::size_t piece,
                         Service service, bool is_tls, FakeBackend& backend, std::string& output) {
    ServerOptions options = test_options(service);
    options.message_octets = 10'000;
    options.start_tls =
        [](std::unique_ptr<net::Stream> stream) -> net::Task<std::unique_ptr<net::Stream>> {
        auto secured =
            std::make_unique<TroubledStream>(std::move(stream), std::make_shared<Trouble>());
        secured->tls_info = fake_tls_info();
        co_return secured;
    };
    auto stream =
        std::make_unique<ScriptedStream>(std::string(prefix) + std::string(input), piece, output);
    stream->hides_input = true;
    if (is_tls) stream->tls_info = fake_tls_info();
    // Of the prefix each line comes by itself, as a client that waits would send it.
    for (std::size_t at = prefix.find('\n'); at != std::string_view::npos;
         at = prefix.find('\n', at + 1))
        stream->stops.push_back(at + 1);
    co_await serve(std::move(stream), backend, options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::string_view prefix = prefixes[data[0] % std::size(prefixes)];
    const auto service = static_cast<Service>(data[0] / std::size(prefixes) % 3);
    const bool is_tls = data[0] / std::size(prefixes) / 3 % 2 != 0;
    FakeBackend backend;
    std::string output;
    net::run(play_all(prefix, input, 1U + data[1], service, is_tls, backend, output));
    require(backend.open_sessions == 0);
    require(backend.messages.size() <= static_cast<std::size_t>(backend.begun_transactions));
    require(output.starts_with("220 ") && output.ends_with("\r\n"));
    for (std::size_t at = 0; at < output.size(); ++at) {
        const auto octet = static_cast<unsigned char>(output[at]);
        require((octet >= 32 && octet < 127) || octet == '\r' || octet == '\n');
    }
    for (const FakeMessage& message : backend.messages) {
        require(!message.recipients.empty() && message.body.size() <= 10'000);
        if (message.from.body == BodyType::binary) continue;
        LineEnds ends;
        ends.feed(message.body);
        ends.finish();
        require(ends.fault() == LineFault::none);
        if (service != Service::mx) require(message.client.identity.has_value());
    }
    return 0;
}
