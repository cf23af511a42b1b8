// TableWriter: groups as one batch of an embedded engine's table. The leases, in memory, follow
// what was written.
#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "system/store/evaluation.h"
#include "system/store/group_writer.h"
#include "system/store/lease_table.h"
#include "system/store/table.h"

namespace pidge::store {

class TableWriter final : public GroupWriter {
 public:
    TableWriter(Table& table, LeaseTable& leases, const Clock& clock)
        : table_(table), leases_(leases), clock_(clock) {}

    bool write(std::span<PendingChange> group) override;

 private:
    void settle_leases(const std::vector<Write>& writes);

    Table& table_;
    LeaseTable& leases_;
    const Clock& clock_;
    OpenLogs logs_;
};

}  // namespace pidge::store
