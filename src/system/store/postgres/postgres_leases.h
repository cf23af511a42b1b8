// PostgresLeases: who has leased an item stands in its row of pidge_due: holder, fence and until
// when, by the database's clock. What others have locked at this moment is passed over (SKIP
// LOCKED), so nodes do not wait for each other.
//
// A holder is one running process. It gives a sign of life in pidge_holder in each beat; the leases
// of one that gives none are void after limits' holder_life, however long they were meant to be.
// Leases are committed without waiting for the disk: one that is lost in a failover is as good as
// expired, for its fence is gone too. A fence is a random number, so that none comes twice.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "system/store/leases.h"
#include "system/store/postgres/sessions.h"

namespace pidge::store::postgres {

// The time by which leases expire, as the first parameter of a statement.
Parameters lease_time(const PostgresOptions& options);

class PostgresLeases final : public Leases {
 public:
    // Throws Fault.
    explicit PostgresLeases(std::shared_ptr<Sessions> sessions);
    ~PostgresLeases() override;  // gives all back

    std::vector<Lease> lease(const DueGroup& group, WallTime now, std::size_t limit,
                             std::chrono::seconds duration) override;
    void release(const std::vector<Lease>& leases) override;
    std::vector<DueSummary> due_groups(const std::optional<DueGroup>& after,
                                       std::size_t limit) override;

 private:
    // Leases that may have been given to a caller who never learned of them.
    struct Doubtful {
        Bytes from, to;
        std::vector<std::int64_t> fences;
    };
    void beat();
    void run_beats();
    void take_back(Connection& connection, const Doubtful& doubtful) const;
    void take_back_doubtful();

    const std::shared_ptr<Sessions> sessions_;
    const std::int64_t id_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_stopping_ = false;
    std::vector<Doubtful> doubtful_;
    std::thread thread_;
};

}  // namespace pidge::store::postgres
