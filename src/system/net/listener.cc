#include "system/net/listener.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"
#include "system/net/descriptor.h"
#include "system/net/limits.h"
#include "system/net/loop.h"
#include "system/net/socket_address.h"
#include "system/net/socket_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

namespace pidge::net {

namespace {

constexpr log::Event accept_paused{
    "accept-paused", log::Level::warning,
    "The system gives no more descriptors or memory for new connections; they wait in the kernel.",
    "Raise LimitNOFILE of the service when this is usual load, or look who connects so often."};
constexpr log::Event accept_resumed{"accept-resumed", log::Level::info,
                                    "New connections are accepted again.", ""};
constexpr log::Event connection_refused{
    "connection-refused", log::Level::info,
    "Connections were closed at once because a limit on connections is reached; client is the "
    "last.",
    "Raise the limit, or exempt the network, when the client is one of your own."};

metrics::Counter accepted{"pidge_connections_accepted_total", "Connections accepted."};
metrics::Counter refused{"pidge_connections_refused_total",
                         "Connections closed at once because of a limit."};
metrics::Counter pauses{"pidge_accept_pauses_total",
                        "Times that accepting paused for want of descriptors or memory."};

enum class Outcome : std::uint8_t { accepted, nothing_there, exhausted, peer_left };

Outcome outcome_of(int error) {
    switch (error) {
        case EAGAIN:
#if EAGAIN != EWOULDBLOCK
        case EWOULDBLOCK:
#endif
            return Outcome::nothing_there;
        // accept(2): errors that lie in the new connection, which is gone with them.
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
        case EPERM:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENONET:
        case ENOPROTOOPT:
        case EOPNOTSUPP:
            return Outcome::peer_left;
        // EMFILE, ENFILE, ENOBUFS, ENOMEM, and what we do not know: it would come again at once.
        default:
            return Outcome::exhausted;
    }
}

// The kernel hands out the lowest number that is free, so the number tells how many are used.
bool is_kept_for_others(int descriptor) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    const rlim_t kept =
        std::min<rlim_t>(limits::descriptors_kept, limit.rlim_cur / limits::descriptors_kept_share);
    return static_cast<rlim_t>(descriptor) >= limit.rlim_cur - kept;
}

}  // namespace

struct Listener::Core : std::enable_shared_from_this<Core> {
    Core(ListenSocket from, std::vector<Loop*> on, Options with, Handler what)
        : socket(std::move(from)),
          loops(std::move(on)),
          options(std::move(with)),
          handler(std::move(what)),
          endpoint(socket.endpoint()),
          text(socket.text()) {}

    Outcome accept_one();
    void note_refused(const Endpoint& remote);
    void say_busy(int fd) const;

    ListenSocket socket;
    const std::vector<Loop*> loops;
    const Options options;
    const Handler handler;
    const Endpoint endpoint;
    const std::string text;
    std::optional<Descriptor> descriptor;  // on loops[0] only
    bool is_stopped = false;               // on loops[0] only
    std::size_t turn = 0;
    SteadyTime refusal_logged{};  // when; a flood of connections must not become a flood of lines
    std::size_t refusals_unlogged = 0;

    static Task<void> serve(std::shared_ptr<Core> core, OwnedFd fd, Admission::Slot slot);
    static Task<void> accept(std::shared_ptr<Core> core);
};

// The slot is given back after the stream is gone: as the frame's parameters are destroyed last.
Task<void> Listener::Core::serve(std::shared_ptr<Core> core, OwnedFd fd, Admission::Slot) {
    auto stream = std::make_unique<SocketStream>(fd.release());
    co_await core->handler(std::move(stream));
}

void Listener::Core::note_refused(const Endpoint& remote) {
    refused.add();
    ++refusals_unlogged;
    const SteadyTime now = this_loop().now();
    if (now - refusal_logged < limits::refusal_log_pause) return;
    refusal_logged = now;
    log::write(connection_refused, {{"service", options.name},
                                    {"client", remote.address.text()},
                                    {"connections", std::exchange(refusals_unlogged, 0)}});
}

void Listener::Core::say_busy(int fd) const {
    const std::string& reply = options.busy_reply;
    if (!reply.empty()) (void)::send(fd, reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

Outcome Listener::Core::accept_one() {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    OwnedFd fd(::accept4(descriptor->fd(), reinterpret_cast<sockaddr*>(&address), &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get() < 0) return outcome_of(errno);
    const Endpoint remote = endpoint_of(address);
    // The administrator's socket may take the last one.
    if (socket.is_tcp() && is_kept_for_others(fd.get())) {
        say_busy(fd.get());
        return Outcome::exhausted;
    }
    std::optional<Address> counted;
    if (socket.is_tcp()) counted = remote.address;
    auto slot = options.admission->admit(counted);
    if (!slot) {
        note_refused(remote);
        say_busy(fd.get());
        return Outcome::accepted;
    }
    accepted.add();
    Loop& loop = *loops[turn++ % loops.size()];
    spawn(loop, options.name, serve(shared_from_this(), std::move(fd), *std::move(slot)));
    return Outcome::accepted;
}

Task<void> Listener::Core::accept(std::shared_ptr<Core> core) {
    if (core->is_stopped) co_return;
    if (!core->descriptor) core->descriptor.emplace(core->socket.take().release());
    bool is_paused = false;
    for (;;) {
        Outcome outcome = Outcome::accepted;
        for (int i = 0; i < limits::accept_batch && outcome != Outcome::nothing_there &&
                        outcome != Outcome::exhausted;
             ++i) {
            core->descriptor->check_open();
            outcome = core->accept_one();
        }
        if (outcome == Outcome::exhausted) {
            if (!std::exchange(is_paused, true)) {
                pauses.add();
                log::write(accept_paused, {{"service", core->options.name}});
            }
            co_await sleep_for(limits::accept_pause);
            continue;
        }
        if (std::exchange(is_paused, false))
            log::write(accept_resumed, {{"service", core->options.name}});
        if (outcome == Outcome::nothing_there)
            co_await core->descriptor->readable();
        else
            co_await sleep_for(std::chrono::nanoseconds(0));  // others' turn
    }
}

Listener::Listener(ListenSocket socket, std::vector<Loop*> loops, Options options, Handler handler)
    : core_(std::make_shared<Core>(std::move(socket), std::move(loops), std::move(options),
                                   std::move(handler))) {
    check(!core_->loops.empty());
    spawn_lasting(*core_->loops.front(), "accept " + core_->text,
                  [core = core_] { return Core::accept(core); });
}

Listener::~Listener() {
    stop();
}

void Listener::stop() {
    core_->loops.front()->post([core = core_] {
        core->is_stopped = true;
        if (core->descriptor) core->descriptor->close();
    });
}

Endpoint Listener::endpoint() const {
    return core_->endpoint;
}
const std::string& Listener::text() const {
    return core_->text;
}
const Admission& Listener::admission() const {
    return *core_->options.admission;
}

}  // namespace pidge::net
