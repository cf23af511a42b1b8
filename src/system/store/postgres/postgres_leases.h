// PostgresLeases: who has leased an item stands in its row of pidge_due: holder, fence and until
// when, by the database's clock. What others have locked at this moment is passed over (SKIP
// LOCKED), so nodes do not wait for each other.
//
// A holder is one running process. It gives a sign of life in pidge_holder in each beat. Who gives
// none for limits' holder_life loses its leases to whoever asks next, however long they were meant
// to be, and knows of it without asking (is_kept): it begins no delivery then, and ends none. Who
// may take over: see signs_of_life.h. What nobody has taken over yet is still its holder's, and an
// outcome under its fence is good.
//
// Taking and giving back are durable as commits are, on the synchronous standbys too: a lease that
// a failover took away would have its item delivered twice, one that came back with it would have
// it wait until it expires. A fence is a random number, so that none comes twice.
//
// An attempt to lease whose answer did not come may still happen: it may wait for a standby, and
// nobody sees it until then, or lie at the server unread. What it leases would be held by a node
// that does not know of it. So its fences are taken back again and again for a while.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "system/store/leases.h"
#include "system/store/postgres/sessions.h"
#include "system/store/postgres/signs_of_life.h"

namespace pidge::store::postgres {

enum class Silent : std::uint8_t { keep, lose };  // what the silent had

// The first two parameters of a statement with lease_is_held (schema.h).
Parameters lease_terms(const PostgresOptions& options, Silent silent);

class PostgresLeases final : public Leases {
 public:
    // Throws Fault.
    explicit PostgresLeases(std::shared_ptr<Sessions> sessions);
    ~PostgresLeases() override;  // gives all back

    std::vector<Lease> lease(const DueGroup& group, WallTime now, std::size_t limit,
                             std::chrono::seconds duration) override;
    // Those that the database cannot take back now it gets with a later beat.
    void release(const std::vector<Lease>& leases) override;
    bool is_kept(std::chrono::nanoseconds age) const override;
    std::vector<DueSummary> due_groups(const std::optional<DueGroup>& after,
                                       std::size_t limit) override;

 private:
    // Of one group: what attempts may have leased, or may lease yet, whose answers were lost.
    struct Doubtful {
        Bytes to;
        std::vector<std::int64_t> fences;
        int beats = 0;  // so many will take it back yet
    };
    using ByGroup = std::map<Bytes, Doubtful>;
    void beat();
    void run_beats();
    Silent silent() const;
    void give_back(const std::vector<Lease>& leases, std::chrono::seconds patience);
    void give_back_unreleased();
    void doubt(const Bytes& group, const Bytes& to, const std::vector<std::int64_t>& fences);
    void take_back(Connection& connection, const Bytes& group, const Bytes& to,
                   const std::vector<std::int64_t>& fences) const;
    void take_back_doubtful();

    const std::shared_ptr<Sessions> sessions_;
    const std::int64_t id_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_stopping_ = false;
    ByGroup doubtful_;
    std::vector<Lease> unreleased_;
    SignsOfLife signs_;  // by the steady clock, which goes on while the process is frozen
    std::thread thread_;
};

}  // namespace pidge::store::postgres
