// Policies: which MTA-STS policy (RFC 8461) holds for mail to a domain now.
//
//   the record _mta-sts.<domain> ──▶ its id is new, or nothing is kept ──▶ fetched by HTTPS ──▶
//   kept it is not there, or nothing can be fetched ──▶ what is kept, until its max_age is over
//
// Any thread; it outlives the coroutines that use it, and what it is given outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "services/sts/kept_policy.h"
#include "system/dns/resolver.h"
#include "system/http/fetcher.h"
#include "system/store/store.h"

namespace pidge::sts {

// Why a policy that a domain announces could not be had.
struct Failure {
    enum class Kind : std::uint8_t {
        fetch,        // the server cannot be reached, or has no such page
        certificate,  // it has not proven its name
        policy,       // what it has is no policy
    };
    Kind kind = Kind::fetch;
    std::string text;  // printable

    friend bool operator==(const Failure&, const Failure&) = default;
};

struct Found {
    // Nullopt: none holds. Never of mode none, which is the same.
    std::optional<mtasts::Policy> policy;
    std::optional<Failure> failure;  // for the report; what is kept may hold all the same
};

class Policies {
 public:
    struct Parts {
        store::Store& store;
        const Clock& clock;
        dns::Resolver& resolver;
        std::function<net::Task<Result<http::Fetched>>(http::FetchRequest)> fetch;
        std::uint16_t port = 443;  // of the servers that have policies
    };
    explicit Policies(Parts parts) : parts_(std::move(parts)) {}

    // `domain`: of the recipients, an A-label name. Throws store::Fault, Gone(shutdown).
    net::Task<Found> find(std::string domain);

    // Fetches those anew that are a day old and in use, and forgets those that have ended. To be
    // called now and then; what fails is tried again the next time. Throws the same.
    net::Task<void> refresh();

 private:
    struct Failed {
        std::string id;
        SteadyTime at;
        Failure failure;
    };

    net::Task<std::optional<KeptPolicy>> read(const std::string& domain);
    net::Task<std::optional<std::string>> announced(const std::string& domain);
    net::Task<Found> fetch_and_keep(const std::string& domain, const std::string& id,
                                    std::optional<KeptPolicy> former);
    net::Task<Result<http::Fetched>> ask(http::FetchRequest request);
    net::Task<std::expected<mtasts::Policy, Failure>> fetch(const std::string& domain);
    net::Task<void> refresh_one(std::string domain, KeptPolicy kept);
    void note_use(const std::string& domain, KeptPolicy kept);
    std::optional<Failure> recent_failure(const std::string& domain, const std::string& id);
    void remember(const std::string& domain, const std::string& id, const Failure& failure);

    const Parts parts_;
    std::mutex mutex_;
    std::map<std::string, Failed> failures_;  // by domain
};

}  // namespace pidge::sts
