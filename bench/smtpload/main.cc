// smtpload: an SMTP load on 127.0.0.0/8, and a sink that counts what comes out again. Options:
// options.h. Prints one line of key=value figures; exit code 1 when a message failed.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "options.h"
#include "sink.h"
#include "source.h"

int main(int argc, char** argv) {
    const load::Options options = load::read_options(argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    std::optional<load::Sink> sink;
    if (options.sink_port != 0) sink.emplace(options.sink_port, options.sink_log);
    load::Source source(options);
    const double seconds = options.sink_only ? 0 : source.run();
    if (sink && source.failed() == 0)
        sink->wait_for(options.count, std::chrono::seconds(options.wait_s));

    const auto accepted = static_cast<double>(source.accepted());
    std::printf("n=%ld fail=%ld conns=%ld secs=%.3f msgs_per_s=%.1f p50_ms=%.2f p99_ms=%.2f",
                source.accepted(), source.failed(), source.connections(), seconds,
                seconds > 0 ? accepted / seconds : 0, source.latency_ms(.5),
                source.latency_ms(.99));
    if (sink) {
        const auto arrived = static_cast<double>(sink->messages());
        std::printf(" sink_n=%ld sink_conns=%ld sink_per_s=%.1f", sink->messages(),
                    sink->connections(), sink->newest_s() > 0 ? arrived / sink->newest_s() : 0);
        if (sink->is_logging() && sink->syncs() > 0)
            std::printf(" msgs_per_sync=%.1f", arrived / static_cast<double>(sink->syncs()));
    }
    if (!source.first_error().empty()) std::printf(" err=%s", source.first_error().c_str());
    std::printf("\n");
    std::fflush(stdout);
    std::_Exit(source.failed() > 0 ? 1 : 0);  // the sink's threads go on
}
