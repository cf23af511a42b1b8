#include "services/submission/login_guard.h"

#include <algorithm>
#include <cstring>

namespace pidge::submission {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// attacks.md §4, guessing.
constexpr GuardLimits host_limits{.per_window = 10, .window = seconds(60), .per_day = 50};
constexpr GuardLimits network_limits{
    .per_window = 30, .window = seconds(60), .per_day = 150, .v4_bits = 24, .v6_bits = 48};
constexpr seconds account_window = hours(1);
constexpr std::size_t account_passwords_max = 10;
constexpr seconds spray_window = minutes(10);
constexpr std::size_t sprayer_accounts_max = 20;
constexpr std::size_t password_accounts_max = 10;

// The third different wrong password waits a second, each further one a second more.
constexpr std::size_t undelayed = 2;
constexpr std::chrono::milliseconds delay_step = seconds(1);
constexpr std::chrono::milliseconds delay_max = seconds(10);

// Of each kind; some 300 octets for one. Beyond it what is over goes, and if nothing is, all.
constexpr std::size_t entries_max = 50'000;

std::uint64_t hash_of(const crypto::Digest& digest) {
    std::uint64_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
}

}  // namespace

void Distinct::add(std::uint64_t thing, SteadyTime now, seconds window, std::size_t most) {
    std::erase_if(seen_, [&](const auto& each) { return now - each.second >= window; });
    const auto known =
        std::ranges::find(seen_, thing, &std::pair<std::uint64_t, SteadyTime>::first);
    if (known != seen_.end())
        known->second = now;
    else if (seen_.size() < most)
        seen_.emplace_back(thing, now);
    else  // it stays over its bound as long as it goes on
        *std::ranges::min_element(seen_, {}, &std::pair<std::uint64_t, SteadyTime>::second) = {
            thing, now};
}

std::size_t Distinct::count(SteadyTime now, seconds window) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(seen_, [&](const auto& each) { return now - each.second < window; }));
}

LoginGuard::LoginGuard(const Clock& clock)
    : clock_(clock), hosts_(clock, host_limits), networks_(clock, network_limits) {}

net::Network LoginGuard::network_of(const net::Address& client) {
    return net::Network::around(client,
                                client.is_v6() ? network_limits.v6_bits : network_limits.v4_bits);
}

LoginGuard::Verdict LoginGuard::judge(const Attempt& attempt) {
    if (hosts_.is_enough(attempt.client) || networks_.is_enough(attempt.client))
        return Verdict::network_failing;
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.steady();
    const auto reached = [now](const auto& of, const auto& key, seconds window, std::size_t most) {
        const auto found = of.find(key);
        return found != of.end() && found->second.count(now, window) >= most;
    };
    if (reached(accounts_, attempt.account, account_window, account_passwords_max))
        return Verdict::account_guessed;
    if (reached(sprayers_, network_of(attempt.client), spray_window, sprayer_accounts_max))
        return Verdict::network_spraying;
    if (attempt.password &&
        reached(passwords_, *attempt.password, spray_window, password_accounts_max))
        return Verdict::password_sprayed;
    return Verdict::open;
}

template <typename Key>
Distinct& LoginGuard::entry(std::map<Key, Distinct>& of, const Key& key, seconds window) {
    if (of.size() >= entries_max && !of.contains(key)) {
        const SteadyTime now = clock_.steady();
        std::erase_if(of, [&](const auto& each) { return each.second.is_over(now, window); });
        if (of.size() >= entries_max) of.clear();
    }
    return of[key];
}

std::chrono::milliseconds LoginGuard::failed(const Attempt& attempt) {
    hosts_.count(attempt.client);
    networks_.count(attempt.client);
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.steady();
    const std::uint64_t account = std::hash<std::string>()(attempt.account);
    entry(sprayers_, network_of(attempt.client), spray_window)
        .add(account, now, spray_window, sprayer_accounts_max);
    if (attempt.password)
        entry(passwords_, *attempt.password, spray_window)
            .add(account, now, spray_window, password_accounts_max);
    Distinct& wrong = entry(accounts_, attempt.account, account_window);
    wrong.add(attempt.password ? hash_of(*attempt.password) : ++unseen_, now, account_window,
              account_passwords_max);
    const std::size_t count = wrong.count(now, account_window);
    if (count <= undelayed) return {};
    return std::min(delay_max, delay_step * static_cast<int>(count - undelayed));
}

}  // namespace pidge::submission
