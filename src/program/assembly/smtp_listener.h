// SmtpListener: one listening address that speaks SMTP, with its TLS, its limits and its sessions.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "program/config/config.h"
#include "protocols/smtp/server/serve.h"
#include "protocols/smtp/server/session/drain.h"
#include "system/net/listener.h"
#include "system/net/runtime.h"
#include "system/tls/server_context.h"

namespace pidge::program {

// A session ends at its loop's word; each loop has one.
using Drains = std::map<net::Loop*, std::unique_ptr<smtp::Drain>>;

class SmtpListener {
 public:
    struct Parts {
        net::Runtime& runtime;
        smtp::Backend& backend;
        Drains& drains;
        std::uint64_t descriptors;  // of the process
    };
    // Accepts at once. `tls` is null where there is no certificate; port 465 needs one.
    SmtpListener(Parts parts, const config::Config& config, const config::Listener& listener,
                 net::ListenSocket socket, std::shared_ptr<tls::ServerContext> tls);

    const std::string& name() const { return name_; }
    config::Service service() const { return service_; }
    // Limits for new sessions. Any thread.
    void reload(const config::Config& config, const config::Listener& listener);
    void stop() { listener_->stop(); }
    // Sends new connections away with 421: for a socket that systemd keeps open.
    void set_turned_away(bool is_turned_away, const config::Config& config,
                         const config::Listener& listener);
    std::size_t open() const { return admission_->open(); }  // connections
    bool is_crowded() const { return admission_->is_crowded(); }
    net::Endpoint endpoint() const { return listener_->endpoint(); }

 private:
    // What the sessions of one configuration refer to; they keep it alive.
    struct Settings {
        std::map<net::Loop*, smtp::ServerOptions> options;
        std::vector<net::Network> balancers;
        std::shared_ptr<net::Admission> admission;
        bool is_tls_first = false;
    };
    std::shared_ptr<const Settings> make_settings(const config::Config& config,
                                                  const config::Listener& listener);
    std::shared_ptr<const Settings> settings() const;
    static net::Task<void> handle(std::shared_ptr<const Settings> settings,
                                  std::shared_ptr<tls::ServerContext> tls, smtp::Backend& backend,
                                  std::unique_ptr<net::Stream> stream);

    Parts parts_;
    const std::string name_;
    const config::Service service_;
    const std::shared_ptr<tls::ServerContext> tls_;
    const std::shared_ptr<net::Admission> admission_;
    std::atomic<bool> is_turned_away_ = false;
    mutable std::mutex mutex_;
    std::shared_ptr<const Settings> settings_;
    std::unique_ptr<net::Listener> listener_;
};

}  // namespace pidge::program
