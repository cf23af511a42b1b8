// Admission: how many connections there are, from whom, and whether one more may come (attacks.md
// F14). Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "system/net/endpoint.h"
#include "system/net/limits.h"

namespace pidge::net {

class Admission : public std::enable_shared_from_this<Admission> {
 public:
    struct Limits {
        std::size_t total = limits::connections;
        std::size_t per_host = limits::connections_per_host;  // one IPv4 address, one IPv6 /64
        std::size_t per_network = limits::connections_per_network;  // an IPv4 /24, an IPv6 /48
        std::vector<Network> exempt;  // these count towards the total only: balancers, own machines
    };

    // Gives the place back when it goes.
    class Slot {
     public:
        Slot(Slot&&) = default;
        Slot& operator=(Slot&&) = delete;
        ~Slot();

     private:
        friend class Admission;
        Slot(std::shared_ptr<Admission> from, std::optional<Address> address)
            : from_(std::move(from)), address_(address) {}

        std::shared_ptr<Admission> from_;
        std::optional<Address> address_;  // absent: not counted per host
    };

    static std::shared_ptr<Admission> create(Limits limits);

    // A place for a connection from `address` (absent: a UNIX socket); nothing when a limit is
    // reached. A connection that came through a balancer is admitted twice: as the balancer's, and
    // as the client's that its PROXY header names.
    std::optional<Slot> admit(const std::optional<Address>& address);
    // Connections that are open already stay.
    void set_limits(Limits limits);

    std::size_t open() const;
    std::uint64_t refused() const;  // since the start
    // Four fifths of all places are taken: sessions should be strict with the slow.
    bool is_crowded() const;

 private:
    explicit Admission(Limits limits) : limits_(std::move(limits)) {}
    void leave(const std::optional<Address>& address);
    bool is_exempt(const Address& address) const;

    mutable std::mutex mutex_;
    Limits limits_;
    std::size_t open_ = 0;
    std::uint64_t refused_ = 0;
    std::map<Network, std::size_t> hosts_, networks_;
};

}  // namespace pidge::net
