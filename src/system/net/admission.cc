#include "system/net/admission.h"

namespace pidge::net {

namespace {

// One subscriber: an IPv4 address, or the /64 that IPv6 gives to a single line.
Network host_of(const Address& address) {
    return Network::around(address, address.is_v6() ? 64 : 32);
}
// One site or a small provider's customers.
Network network_of(const Address& address) {
    return Network::around(address, address.is_v6() ? 48 : 24);
}

std::size_t count(const std::map<Network, std::size_t>& counts, const Network& network) {
    const auto found = counts.find(network);
    return found == counts.end() ? 0 : found->second;
}

void decrease(std::map<Network, std::size_t>& counts, const Network& network) {
    const auto found = counts.find(network);
    if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

std::shared_ptr<Admission> Admission::create(Limits limits) {
    return std::shared_ptr<Admission>(new Admission(std::move(limits)));
}

Admission::Slot::~Slot() {
    if (from_ != nullptr) from_->leave(address_);
}

bool Admission::is_exempt(const Address& address) const {
    return std::any_of(limits_.exempt.begin(), limits_.exempt.end(),
                       [&](const Network& network) { return network.contains(address); });
}

std::optional<Admission::Slot> Admission::admit(const std::optional<Address>& address) {
    const std::lock_guard lock(mutex_);
    const bool is_counted = address && !is_exempt(*address);
    if (open_ >= limits_.total ||
        (is_counted && (count(hosts_, host_of(*address)) >= limits_.per_host ||
                        count(networks_, network_of(*address)) >= limits_.per_network))) {
        ++refused_;
        return {};
    }
    ++open_;
    if (!is_counted) return Slot(shared_from_this(), {});
    ++hosts_[host_of(*address)];
    ++networks_[network_of(*address)];
    return Slot(shared_from_this(), address);
}

void Admission::leave(const std::optional<Address>& address) {
    const std::lock_guard lock(mutex_);
    --open_;
    if (!address) return;
    decrease(hosts_, host_of(*address));
    decrease(networks_, network_of(*address));
}

void Admission::set_limits(Limits limits) {
    const std::lock_guard lock(mutex_);
    limits_ = std::move(limits);
}

std::size_t Admission::open() const {
    const std::lock_guard lock(mutex_);
    return open_;
}

std::uint64_t Admission::refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
}

bool Admission::is_crowded() const {
    const std::lock_guard lock(mutex_);
    return open_ * 5 >= limits_.total * 4;
}

}  // namespace pidge::net
