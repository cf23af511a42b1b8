// SiteServer: what the program offers to administrators and machines beside mail: the control
// socket with the API, and the http listeners with /healthz, /readyz and /metrics.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "program/assembly/assembly.h"
#include "services/admin/api.h"
#include "system/http/router.h"
#include "system/net/listener.h"

namespace pidge::program {

class SiteServer {
 public:
    // The assembly outlives this; it is drained before this is destroyed.
    explicit SiteServer(Assembly& assembly);

    // Opens the control socket and the http listeners; sockets from systemd that are theirs are
    // taken out of `inherited`. Nothing is open when one is refused.
    Result<void> open(std::vector<net::InheritedSocket>& inherited);
    void set_ready() { is_ready_ = true; }
    void stop();  // accepts no more

 private:
    struct Readiness {
        // leaving: nothing new, but connections that are there go on; 404, which balancers take for
        // a soft stop (HAProxy's disable-on-404). 503: they had better be made elsewhere.
        enum class State : std::uint8_t { no, leaving, yes } state = State::no;
        std::string text;
        std::uint16_t status() const;
    };
    Readiness readiness() const;
    json::Object status() const;
    net::Task<Result<std::optional<admin::Wake>>> plan_report(queue::Entry entry,
                                                              store::Change& change);
    http::Router probes();
    static net::Task<void> control(SiteServer& self, std::unique_ptr<net::Stream> stream);
    net::Task<http::ServerResponse> answer_call(std::string body, admin::Caller caller);

    Assembly& assembly_;
    admin::Api api_;
    http::Router probes_;
    const SteadyTime started_;
    const WallTime started_wall_;
    std::atomic<bool> is_ready_ = false;
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    std::string control_socket_;  // the file that we made; empty: none
};

}  // namespace pidge::program
