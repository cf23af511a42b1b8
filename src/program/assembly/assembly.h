// Assembly: the whole service, put together from a configuration: store → directory → audit trail →
// gateway → relay → listeners. Built, reloaded and taken down by the main thread; the work is done
// on the loops.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mail/audit/trail.h"
#include "mail/directory/directory.h"
#include "program/assembly/node_keeper.h"
#include "program/assembly/patroni_watch.h"
#include "program/assembly/smtp_listener.h"
#include "program/assembly/transport.h"
#include "program/config/config.h"
#include "services/relay/relay.h"
#include "services/submission/gateway.h"
#include "system/net/pool.h"
#include "system/net/runtime.h"
#include "system/store/store.h"

namespace pidge::program {

class Assembly {
 public:
    // Everything up to the relay runs when it returns; mail is taken from open_listeners() on. Must
    // not be called from a loop.
    static Result<std::unique_ptr<Assembly>> create(const config::Config& config,
                                                    const Clock& clock = system_clock());
    ~Assembly();  // drain()

    // Takes the sockets that systemd passed, opens the others. Nothing is taken when one cannot be
    // opened.
    Result<void> open_listeners(std::vector<net::InheritedSocket> inherited);

    // All or nothing. What differs but needs a restart is left as it is in force
    // (config::reloadable).
    Result<void> reload(const config::Config& config);

    // Does what administrators wish of this node (docs/cluster.md): takes nothing new while it is
    // to be drained, and begins again when it is not. Each second; by the thread that owns this.
    void tend();
    // Why new connections are better made elsewhere; empty: they are welcome. Any thread.
    std::string why_not_ready() const;
    // That is because it drains, or ends: what is here already is served to its end. Any thread.
    bool is_leaving() const;
    // Why the program must end: another node has its name, or the store is too new for it. Any
    // thread; empty: it need not.
    std::string fate() const { return node_ ? node_->membership().fate() : std::string(); }

    // Takes no more connections, lets sessions and deliveries under way end, at most as long as the
    // configuration says, and writes the stop entry. Idempotent.
    void drain();

    store::Store& store() { return *store_; }
    directory::Directory& directory() { return directory_; }
    audit::Trail& trail() { return trail_; }
    net::Pool& pool() { return pool_; }
    net::Runtime& runtime() { return runtime_; }
    // Null where this node has not the role relay. It is replaced when a drained node resumes.
    std::shared_ptr<relay::Relay> relay() const { return relay_.load(); }
    bool leads() const { return node_ && node_->leads(); }
    // As it is in force at this moment. Any thread.
    std::shared_ptr<const config::Config> config() const { return shown_config_.load(); }
    bool is_draining() const { return is_draining_; }
    std::vector<patroni::Seen> patroni() const {
        return patroni_ ? patroni_->seen() : std::vector<patroni::Seen>();
    }
    std::vector<tls::CertificateStatus> certificates() const;

 private:
    Assembly(const config::Config& config, const Clock& clock, std::unique_ptr<store::Store> store);
    Result<void> build();
    Result<void> record_start();
    Result<void> build_relay();
    void start_relay();
    std::vector<net::Endpoint> mail_endpoints() const;  // of the service mx
    Result<void> build_tls();
    Result<net::ListenSocket> open_socket(const config::Listener& listener,
                                          std::vector<net::InheritedSocket>& inherited);
    submission::GatewayOptions gateway_options(const config::Config& config) const;
    static net::Task<void> upkeep(Assembly& self);
    std::size_t end_runtime();
    void close_node();
    Result<void> resume_node();
    void reopen_kept();
    void add_listener(const config::Listener& listener, net::ListenSocket socket);
    net::Task<void> reload_directory();
    bool is_idle() const;
    void hurry_where_crowded();  // attacks.md F14

    config::Config config_;                                            // the main thread's
    std::atomic<std::shared_ptr<const config::Config>> shown_config_;  // the same, for all others
    const Clock& clock_;
    net::Pool pool_;  // password hashes and files
    std::unique_ptr<store::Store> store_;
    directory::Directory directory_;
    audit::Trail trail_;
    std::unique_ptr<submission::Authenticator> authenticator_;
    std::unique_ptr<Transport> transport_;
    net::Runtime runtime_;
    const std::uint64_t descriptors_;  // that this process may have
    Drains drains_;
    std::atomic<std::shared_ptr<relay::Relay>> relay_;
    std::unique_ptr<submission::Gateway> gateway_;
    std::map<config::Service, std::shared_ptr<tls::ServerContext>> tls_;
    // The main thread changes them, the upkeep and the relay look at them.
    mutable std::mutex listeners_mutex_;
    std::vector<std::unique_ptr<SmtpListener>> listeners_;
    std::unique_ptr<NodeKeeper> node_;
    std::unique_ptr<PatroniWatch> patroni_;
    std::atomic<bool> is_node_known_ = false;  // hints come while it is being built, too
    std::atomic<bool> is_draining_ = false;

    // Of a node that is drained by wish. By the thread that owns this.
    enum class Phase : std::uint8_t { serving, leaving, closed };
    std::atomic<Phase> phase_ = Phase::serving;
    SteadyTime leaving_until_;
    // What was closed and may be in use by a session still; it goes with the assembly.
    std::vector<std::unique_ptr<SmtpListener>> old_listeners_;
    std::vector<std::unique_ptr<smtp::Drain>> old_drains_;
    std::vector<std::shared_ptr<relay::Relay>> old_relays_;
};

}  // namespace pidge::program
