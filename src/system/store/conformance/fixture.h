// A store of its own for each case, and short forms of what cases do all the time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "system/net/blocking.h"
#include "system/store/conformance/site.h"
#include "system/store/log_entry.h"
#include "system/store/store.h"

namespace pidge::store::conformance {

inline WallTime start_of_tests() {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21));
}

class Fixture {
 public:
    Fixture() : site(make_site()), store(site->open(clock)) {}

    void reopen() {
        store.reset();
        store = site->open(clock);
    }

    std::expected<Committed, Conflict> commit(Change change) {
        return net::run_blocking(store->commit(std::move(change)));
    }
    // Commits what must not conflict.
    Committed done(Change change) { return commit(std::move(change)).value(); }
    std::optional<Bytes> get(Space space, Bytes key, const Snapshot* at = nullptr) {
        return net::run_blocking(store->get(space, std::move(key), at));
    }
    std::vector<Item> scan(Space space, ScanOptions options = {}, const Snapshot* at = nullptr) {
        return net::run_blocking(store->scan(space, std::move(options), at));
    }
    std::vector<std::string> keys(Space space, ScanOptions options = {});

    Blob upload(std::string_view bytes, std::size_t step = 1 << 20);
    std::optional<Bytes> body(const BlobId& id);  // nullopt: not there
    bool has_blob(const BlobId& id);

    std::vector<Lease> lease(const DueGroup& group, WallTime now, std::size_t limit,
                             std::chrono::seconds duration = std::chrono::seconds(60)) {
        return net::run_blocking(store->lease(group, now, limit, duration));
    }
    std::vector<DueSummary> due_groups(std::optional<DueGroup> after = {},
                                       std::size_t limit = 100) {
        return net::run_blocking(store->due_groups(after, limit));
    }

    ManualClock clock{start_of_tests()};
    std::unique_ptr<Site> site;
    std::unique_ptr<Store> store;
};

Bytes number_octets(std::uint64_t number);
DueGroup group_of(std::string_view name);  // its first 8 octets, filled up with zeros
Bytes random_bytes(std::size_t size, std::uint64_t seed);

// Reads the whole log, checks every chain value and that numbers are without gaps. The number of
// the last entry.
std::uint64_t verify_log(Store& store, const std::string& log);

}  // namespace pidge::store::conformance
