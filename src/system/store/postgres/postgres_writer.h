// PostgresWriter: a group of changes as one transaction. Two round trips: the first locks and reads
// all that the group will look at, in one order for all nodes; then the changes are evaluated here,
// as every engine does it (evaluation.h); the second writes and commits.
//
// What two nodes may do to each other:
//   a row that was read    is locked until the commit; its chain or counter goes on from there
//   a key that was absent  is inserted as new; if another node was first, the server refuses, and
//                          the group is run again on what is there now. A key that has to be absent
//                          but is not written is inserted and erased, which comes to the same
//   a deadlock             the server ends one of the two groups, which is run again
//
// Whether a commit whose answer was lost has happened stands in pidge_committer: the group's
// transaction locks the committer's row before it sends anything that could commit, and writes the
// number of the group into it. Who asks later waits at that lock until the old transaction has come
// to its end, then reads the number.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "system/store/evaluation.h"
#include "system/store/group_writer.h"
#include "system/store/postgres/connection.h"
#include "system/store/postgres/gathering.h"
#include "system/store/postgres/group_state.h"

namespace pidge::store::postgres {

class PostgresWriter final : public GroupWriter {
 public:
    // Told after a commit which chunks it has erased whose octets lie elsewhere; by their keys.
    using ChunksErased = std::function<void(const std::vector<Bytes>& keys)>;
    PostgresWriter(const PostgresOptions& options, const Clock& clock,
                   ChunksErased chunks_erased = {});
    ~PostgresWriter() override;

    bool write(std::span<PendingChange> group) override;

 private:
    struct Batch;
    // Whether anything was written. Throws Lost, Refused.
    bool attempt(std::span<PendingChange> group, const Gathering& gathering);
    void read(const Gathering& gathering, GroupState& state);
    void evaluate(std::span<PendingChange> group, Evaluation& evaluation, Overlay& overlay);
    void send_writes(const Gathering& gathering, const GroupState& state, const Overlay& overlay,
                     const std::vector<Bytes>& finished);
    void commit();
    void tell_erased(const std::vector<Rows>& answers);
    bool has_happened();
    bool was_committed();
    void connect();
    bool has_between(Space space, std::string_view from, std::string_view to);
    void step(std::string_view name);
    Deadline deadline() const;

    const PostgresOptions options_;
    const Clock& clock_;
    const ChunksErased chunks_erased_;
    const std::int64_t id_;
    OpenLogs logs_;
    bool is_second_look_ = false;  // of this group, behind the end of a log
    std::int64_t group_ = 0;       // number of the group being written
    bool is_unknown_ = false;      // its commit was sent and not answered
    std::unique_ptr<Connection> connection_;
};

}  // namespace pidge::store::postgres
