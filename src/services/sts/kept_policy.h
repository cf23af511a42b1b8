// KeptPolicy: a policy as it lies in the store (space sts, by domain).
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "formats/mtasts/policy.h"

namespace pidge::sts {

struct KeptPolicy {
    std::string id;  // of the record that announced it
    mtasts::Policy policy;
    WallTime fetched;
    WallTime used;  // when mail went by it, to a day

    // RFC 8461 §3.2: max_age counts from the fetch.
    bool is_valid(WallTime now) const { return now < fetched + policy.max_age; }

    friend bool operator==(const KeptPolicy&, const KeptPolicy&) = default;
};

Bytes record_of(const KeptPolicy& kept);
std::optional<KeptPolicy> read_kept_policy(std::string_view record);  // nullopt: damaged

}  // namespace pidge::sts
