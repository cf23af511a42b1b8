#include "protocols/smtp/testing/play.h"

#include "system/net/spawn.h"

namespace pidge::smtp::testing {

std::string play(Serve serve, const Script& script, Backend& backend,
                 const ServerOptions& options) {
    std::string output;
    auto stream = std::make_unique<ScriptedStream>(script.input, script.piece_octets, output);
    if (script.is_tls) stream->tls_info = fake_tls_info();
    stream->hides_input = script.arrival == Arrival::step_by_step;
    const auto task = [](Serve run, std::unique_ptr<net::Stream> with, Backend& to,
                         const ServerOptions& by) -> net::Task<void> {
        co_await run(std::move(with), to, by);
    };
    net::run(task(serve, std::move(stream), backend, options));
    return output;
}

std::string codes(std::string_view replies) {
    std::string out;
    while (!replies.empty()) {
        const std::size_t end = std::min(replies.find("\r\n"), replies.size());
        const std::string_view line = replies.substr(0, end);
        replies.remove_prefix(std::min(end + 2, replies.size()));
        if (line.size() > 3 && line[3] == '-') continue;
        if (!out.empty()) out += ' ';
        out += line.substr(0, 3);
    }
    return out;
}

ServerOptions test_options(Service service) {
    ServerOptions options{.service = service,
                          .authentication = authentication_of(service),
                          .listener = "test",
                          .host_name = "mx.site.example"};
    options.delay = [](std::chrono::milliseconds) -> net::Task<void> { co_return; };
    return options;
}

}  // namespace pidge::smtp::testing
