// NetworkSet<T>: what is said of networks, found by address; of networks within each other the
// narrowest counts. A plain value; lookup costs one search per prefix length in use.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "system/net/endpoint.h"

namespace pidge::net {

template <typename T>
class NetworkSet {
 public:
    // Replaces what was said of the same network.
    void set(const Network& network, T value) {
        lengths_[network.first().is_v6() ? 1 : 0].insert(network.prefix_length());
        values_.insert_or_assign(network, std::move(value));
    }

    // Of the narrowest network that holds the address. Null: none. Good until the next set().
    const T* find(const Address& address) const {
        const auto& lengths = lengths_[address.is_v6() ? 1 : 0];
        for (auto length = lengths.rbegin(); length != lengths.rend(); ++length)
            if (const auto found = values_.find(Network::around(address, *length));
                found != values_.end())
                return &found->second;
        return nullptr;
    }

    bool is_empty() const { return values_.empty(); }
    std::size_t size() const { return values_.size(); }

 private:
    std::map<Network, T> values_;
    std::set<int> lengths_[2];  // in use, for IPv4 and IPv6
};

}  // namespace pidge::net
