// What an assembly does when administrators wish that its node takes nothing new, and when they
// take that back (docs/cluster.md).
//
//   serving ─wish drain─▶ leaving ─grace over─▶ closed ─wish serve─▶ serving
//                            └──────wish serve──────────────────────────▲
#include "program/assembly/assembly.h"
#include "program/assembly/events.h"
#include "system/net/spawn.h"

namespace pidge::program {

bool Assembly::is_leaving() const {
    return is_draining_ || phase_ != Phase::serving ||
           node_->membership().wish() == nodes::Wish::drain;
}

std::string Assembly::why_not_ready() const {
    if (is_draining_) return "draining: the program ends";
    const nodes::Membership& membership = node_->membership();
    if (membership.wish() == nodes::Wish::drain)
        return "draining: an administrator wishes it; pidge node resume " + membership.name();
    if (phase_ != Phase::serving) return "draining: about to resume";
    if (membership.is_cut_off()) return "store not reachable";
    return {};
}

// Connections and deliveries have ended.
bool Assembly::is_idle() const {
    std::size_t open = 0;
    for (const auto* all : {&listeners_, &old_listeners_})
        for (const auto& listener : *all) open += listener->open();
    const auto relay = relay_.load();
    return open == 0 && (!relay || relay->status().destinations.running == 0);
}

void Assembly::close_node() {
    for (auto& listener : listeners_) {
        const auto settings =
            std::ranges::find(config_.listeners, listener->name(), &config::Listener::name);
        // A socket of systemd's would go on filling with connections that nobody takes.
        if (settings != config_.listeners.end() && !settings->systemd.empty())
            listener->set_turned_away(true, config_, *settings);
        else
            listener->stop();
    }
    for (auto& [loop, drain] : drains_) loop->post([each = drain.get()] { each->start(); });
    if (const auto relay = relay_.load()) net::spawn(runtime_.loop(0), "drain", relay->drain());
    log::write(node_closed, {{"node", config_.site.node}});
}

// New drains, and the listeners on sockets of systemd's again; the others are set aside.
void Assembly::reopen_kept() {
    const std::lock_guard lock(listeners_mutex_);
    for (auto& [loop, drain] : drains_) {
        old_drains_.push_back(std::move(drain));
        drain = std::make_unique<smtp::Drain>();
    }
    std::vector<std::unique_ptr<SmtpListener>> before = std::exchange(listeners_, {});
    for (auto& listener : before) {
        const auto settings =
            std::ranges::find(config_.listeners, listener->name(), &config::Listener::name);
        const bool is_kept = settings != config_.listeners.end() && !settings->systemd.empty();
        if (is_kept) {
            listener->set_turned_away(false, config_, *settings);
            listener->reload(config_, *settings);
        }
        (is_kept ? listeners_ : old_listeners_).push_back(std::move(listener));
    }
}

Result<void> Assembly::resume_node() {
    // First what can fail: the ports. Nothing is open when one cannot be had.
    std::vector<std::pair<const config::Listener*, net::ListenSocket>> sockets;
    for (const config::Listener& listener : config_.listeners) {
        const bool is_ours = listener.is_smtp() && config_.node.has_role(listener.role());
        if (is_ours && listener.systemd.empty())
            sockets.emplace_back(&listener, TRY(net::ListenSocket::tcp(*listener.address)));
    }
    reopen_kept();
    for (auto& [listener, socket] : sockets) add_listener(*listener, std::move(socket));
    if (const auto relay = relay_.load()) {
        old_relays_.push_back(relay);
        start_relay();
    }
    log::write(node_resumed, {{"node", config_.site.node}});
    return {};
}

void Assembly::tend() {
    if (is_draining_) return;
    const bool wants_drain = node_->membership().wish() == nodes::Wish::drain;
    if (phase_ == Phase::serving && wants_drain) {
        phase_ = Phase::leaving;
        leaving_until_ = clock_.steady() + config_.node.drain_grace;
        node_->membership().set_state(nodes::State::draining);
        log::write(node_draining, {{"node", config_.site.node}});
    }
    if (phase_ == Phase::leaving && !wants_drain) {
        phase_ = Phase::serving;
        node_->membership().set_state(nodes::State::up);
        log::write(node_resumed, {{"node", config_.site.node}});
    }
    if (phase_ == Phase::leaving && clock_.steady() >= leaving_until_) {
        close_node();
        phase_ = Phase::closed;
        node_->membership().set_state(nodes::State::draining);
    }
    if (phase_ != Phase::closed) return;
    if (wants_drain) {
        if (is_idle()) node_->membership().set_state(nodes::State::drained);
        return;
    }
    if (const auto resumed = resume_node(); !resumed) {
        log::write(resume_failed, {{"reason", resumed.error().text}});
        return;
    }
    phase_ = Phase::serving;
    node_->membership().set_state(nodes::State::up);
}

}  // namespace pidge::program
