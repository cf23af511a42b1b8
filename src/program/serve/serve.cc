#include "program/serve/serve.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <new>
#include <string_view>

#include <fmt/format.h>

#include "program/assembly/assembly.h"
#include "program/config/compare.h"
#include "program/config/read.h"
#include "program/serve/events.h"
#include "program/serve/notify.h"
#include "program/serve/site_server.h"
#include "system/net/gone.h"
#include "system/net/process_signals.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

namespace pidge::program {
namespace {

using namespace std::chrono_literals;

// How often the store is looked at; it fails once in the life of a disk.
constexpr auto health_interval = 1s;
// How long clients still get their 4xx after the store has failed.
constexpr auto farewell = 2s;

std::vector<net::InheritedSocket> take_inherited() {
    const auto value = [](const char* name) {
        const char* text = std::getenv(name);
        return std::string(text == nullptr ? "" : text);
    };
    auto sockets =
        net::inherited_sockets(value("LISTEN_PID"), value("LISTEN_FDS"), value("LISTEN_FDNAMES"));
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
    return sockets;
}

// All or nothing: what is in force changes only when everything in the file can be had.
void reload_file(Assembly& assembly) {
    const config::Config before = *assembly.config();
    const config::Reading reading = config::read_file(before.file);
    for (const config::Mistake& mistake : reading.mistakes)
        log::write(events::reload_mistake, {{"file", mistake.file},
                                            {"line", mistake.at.line},
                                            {"key", mistake.key},
                                            {"wrong", mistake.wrong},
                                            {"instead", mistake.instead}});
    if (!reading.mistakes.empty()) {
        log::write(events::reload_refused,
                   {{"reason", fmt::format("{} mistakes in the file", reading.mistakes.size())}});
        notify("READY=1\nSTATUS=Reload refused: the configuration has mistakes");
        return;
    }
    const auto done = assembly.reload(reading.config);
    if (!done) {
        log::write(events::reload_refused, {{"reason", done.error().text}});
        notify("READY=1\nSTATUS=Reload refused");
        return;
    }
    for (const config::Difference& difference : config::compare(before, reading.config)) {
        const bool is_now = difference.changeable == config::Changeable::at_reload;
        log::write(is_now ? events::option_changed : events::restart_needed,
                   {{"option", difference.key},
                    {"before", difference.before},
                    {"after", difference.after}});
    }
    log::write(events::reloaded);
    notify("READY=1\nSTATUS=Running");
}

void reload(Assembly& assembly) {
    notify_reloading();
    try {
        reload_file(assembly);
    } catch (const std::bad_alloc&) {
        log::write(events::reload_refused, {{"reason", "There is not enough memory."}});
        notify("READY=1\nSTATUS=Reload refused: there is not enough memory");
    }
}

enum class End : std::uint8_t { asked, store_failed, expelled };

// SIGTERM or SIGINT came while mail was taken already and nobody waited for signals yet.
std::atomic<bool> is_end_asked = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void note_wishes_to_end() {
    for (const int number : {SIGTERM, SIGINT})
        std::signal(number, [](int) { is_end_asked = true; });
}

net::Task<int> next_signal(net::ProcessSignals& signals) {
    co_return co_await signals.next();
}

net::Task<End> run_until_end(Assembly& assembly) {
    net::ProcessSignals signals({SIGTERM, SIGINT, SIGHUP});
    if (is_end_asked) co_return End::asked;
    for (;;) {
        int number = 0;
        try {
            number = co_await net::with_deadline(next_signal(signals), health_interval);
        } catch (const net::Gone& gone) {
            if (gone.why != net::Gone::Why::deadline) throw;
        }
        if (number == SIGHUP) reload(assembly);
        if (number == SIGTERM || number == SIGINT) co_return End::asked;
        if (!assembly.fate().empty()) co_return End::expelled;
        assembly.tend();
        if (assembly.store().health().state == store::Health::State::failed) break;
    }
    log::write(events::store_failed, {{"reason", assembly.store().health().text}});
    notify("STATUS=The store has failed");
    co_await net::sleep_for(farewell);
    co_return End::store_failed;
}

// From now on SIGTERM ends the program at once, but where it ends by itself the first one asks for
// nothing else. There is nothing left to reload.
void let_signals_end(End end) {
    std::signal(SIGHUP, SIG_IGN);
    if (end == End::asked) return;
    struct sigaction once{};
    once.sa_handler = [](int) {};
    once.sa_flags = SA_RESETHAND | SA_RESTART;
    for (const int number : {SIGTERM, SIGINT}) ::sigaction(number, &once, nullptr);
}

}  // namespace

Result<int> serve(const config::Config& config) {
    log::configure({.least = config.log.level, .form = config.log.form});
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);  // until somebody waits for it
    log::write(events::starting, {{"version", PIDGE_VERSION}, {"file", config.file}});
    std::vector<net::InheritedSocket> inherited = take_inherited();
    auto assembly = Assembly::create(config);
    if (!assembly) {
        log::write(events::start_refused, {{"reason", assembly.error().text}});
        return assembly.error();
    }
    note_wishes_to_end();
    SiteServer site(**assembly);
    Result<void> opened = site.open(inherited);
    if (opened) opened = (*assembly)->open_listeners(std::move(inherited));
    if (!opened) {
        log::write(events::start_refused, {{"reason", opened.error().text}});
        site.stop();
        (*assembly)->drain();
        return opened.error();
    }
    site.set_ready();
    log::write(events::ready);
    notify("READY=1\nSTATUS=Running");
    const End end = net::run(run_until_end(**assembly));
    let_signals_end(end);
    notify("STOPPING=1\nSTATUS=Draining");
    site.stop();
    (*assembly)->drain();
    return end == End::asked ? 0 : 1;
}

}  // namespace pidge::program
