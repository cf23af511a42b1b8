// LoginGuard: how much guessing of passwords is borne (attacks.md T04). Counts failures of hosts
// and networks; different wrong passwords of an account; accounts that fail from one network; and
// accounts on which one password was tried. What has crossed its bound is open to known devices
// only: to those who have logged in to that account from that network lately, which the caller
// knows. Unknown accounts count like known ones, so nothing is learnt from who is refused.
//
// In memory, bounded, thread-safe. After a restart counting begins anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "services/submission/guard.h"
#include "system/crypto/digest.h"

namespace pidge::submission {

// Different things that happened within a time, up to a number of them. Things are told apart by a
// hash of 64 bits.
class Distinct {
 public:
    void add(std::uint64_t thing, SteadyTime now, std::chrono::seconds window, std::size_t most);
    std::size_t count(SteadyTime now, std::chrono::seconds window) const;
    bool is_over(SteadyTime now, std::chrono::seconds window) const {
        return count(now, window) == 0;
    }

 private:
    std::vector<std::pair<std::uint64_t, SteadyTime>> seen_;
};

class LoginGuard {
 public:
    explicit LoginGuard(const Clock& clock);

    struct Attempt {
        std::string account;  // the principal's id; the name where there is no such principal
        // A keyed digest, never the password; absent where the protocol does not show one (SCRAM).
        std::optional<crypto::Digest> password;
        net::Address client;
    };
    enum class Verdict : std::uint8_t {
        open,
        // What goes on is for known devices only:
        account_guessed,
        network_spraying,
        password_sprayed,
        // Nobody from this network may try at all.
        network_failing,
    };
    Verdict judge(const Attempt& attempt);

    // Counts a wrong password. Returns how long its answer is to be held back.
    std::chrono::milliseconds failed(const Attempt& attempt);

    // The network that devices are known by.
    static net::Network network_of(const net::Address& client);

 private:
    template <typename Key>
    Distinct& entry(std::map<Key, Distinct>& of, const Key& key, std::chrono::seconds window);

    const Clock& clock_;
    Guard hosts_, networks_;
    std::mutex mutex_;
    std::uint64_t unseen_ = 0;  // makes each password that is not shown a different one
    std::map<std::string, Distinct> accounts_;      // wrong passwords
    std::map<net::Network, Distinct> sprayers_;     // accounts
    std::map<crypto::Digest, Distinct> passwords_;  // accounts
};

}  // namespace pidge::submission
