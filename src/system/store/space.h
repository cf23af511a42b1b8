// Space: a named range of keys with one meaning. The number is on disk: never change or reuse one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pidge::store {

enum class Space : std::uint8_t {
    meta = 0,     // format version, site identity
    counter = 1,  // counters of add and next
    token = 2,    // idempotency tokens and when they were used
    blob = 3,     // BlobId → size, holders, where the bytes are (the store's own)
    chunk = 4,    // bytes of blobs (the store's own)
    due = 5,      // group ‖ time ‖ item (the store's own, lease.h)
    lease = 6,    // leader leases
    node = 7,     // nodes of the cluster
    audit = 8,    // log name ‖ 0 ‖ number → chain ‖ entry (log_entry.h)
    domain = 16,  // mail/directory
    principal = 17,
    address = 18,
    credential = 19,
    range = 20,
    route = 21,
    queue = 32,    // mail/queue: entries
    message = 33,  // mail/queue: what the entries of one message share
    sts = 48,      // services/sts: MTA-STS policies of other domains
    tlsrpt = 49,   // services/tlsrpt: what became of connections, for reports
};

struct SpaceInfo {
    Space space;
    std::string_view name;
};
std::span<const SpaceInfo> spaces();  // all, in order of number
std::string_view space_name(Space space);

}  // namespace pidge::store
