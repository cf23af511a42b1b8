// WatchedStore: the store of the simulated process, with somebody who looks over its shoulder at
// leases: no item is held twice at one time, no fence is handed out twice, and no outcome is
// committed by whoever holds the lease no more. It can be made to betray its users, to show that
// the simulation notices.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "system/store/store.h"

namespace pidge::simulation {

class WatchedStore final : public store::Store {
 public:
    enum class Betrayal : std::uint8_t {
        none,
        ignores_fence,   // an outcome is committed, whoever holds the lease
        answers_at_once  // a commit is answered before it is done
    };
    struct Watcher {
        std::function<void(const std::string&)> complain;  // of what should not be
        std::function<void(const Bytes& item)> came_too_late;
    };
    WatchedStore(std::unique_ptr<store::Store> below, const Clock& clock, Betrayal betrayal,
                 Watcher watcher)
        : below_(std::move(below)),
          clock_(clock),
          betrayal_(betrayal),
          watcher_(std::move(watcher)) {}

    net::Task<std::expected<store::Committed, store::Conflict>> commit(
        store::Change change) override;
    void commit_soon(store::Change change) override;
    net::Task<std::vector<store::Lease>> lease(store::DueGroup group, WallTime now,
                                               std::size_t limit,
                                               std::chrono::seconds duration) override;
    net::Task<std::optional<store::Lease>> lease_item(store::DueGroup group, WallTime due,
                                                      Bytes item,
                                                      std::chrono::seconds duration) override;
    net::Task<void> release(std::vector<store::Lease> leases) override;

    net::Task<std::optional<Bytes>> get(store::Space space, Bytes key,
                                        const store::Snapshot* at) override {
        return below_->get(space, std::move(key), at);
    }
    net::Task<std::vector<std::optional<Bytes>>> multi_get(
        std::vector<std::pair<store::Space, Bytes>> keys, const store::Snapshot* at) override {
        return below_->multi_get(std::move(keys), at);
    }
    net::Task<std::vector<store::Item>> scan(store::Space space, store::ScanOptions options,
                                             const store::Snapshot* at) override {
        return below_->scan(space, std::move(options), at);
    }
    net::Task<std::shared_ptr<const store::Snapshot>> snapshot() override {
        return below_->snapshot();
    }
    std::unique_ptr<store::BlobWriter> write_blob() override { return below_->write_blob(); }
    net::Task<std::unique_ptr<store::BlobReader>> open_blob(store::BlobId id) override {
        return below_->open_blob(id);
    }
    std::unique_ptr<store::BlobReader> open_upload(store::Blob blob) override {
        return below_->open_upload(std::move(blob));
    }
    net::Task<std::vector<store::DueSummary>> due_groups(std::optional<store::DueGroup> after,
                                                         std::size_t limit) override {
        return below_->due_groups(after, limit);
    }
    void on_hint(std::function<void(const Bytes& subject)> listener) override {
        below_->on_hint(std::move(listener));
    }
    store::Health health() const override { return below_->health(); }
    net::Task<WallTime> now() override { return below_->now(); }

 private:
    struct Held {
        std::uint64_t fence = 0;
        SteadyTime until;
    };
    void watch_lease(const store::Lease& lease, SteadyTime until);
    void watch_finish(const store::Lease& lease, SteadyTime submitted);
    void watch_refusal(const std::vector<store::Lease>& leases);

    const std::unique_ptr<store::Store> below_;
    const Clock& clock_;
    const Betrayal betrayal_;
    const Watcher watcher_;
    std::map<Bytes, Held> held_;  // by due key
    std::set<std::uint64_t> fences_;
};

}  // namespace pidge::simulation
