#include "system/store/table_writer.h"

#include "system/store/kill_point.h"
#include "system/store/overlay.h"
#include "system/store/sabotage.h"

namespace pidge::store {

bool TableWriter::write(std::span<PendingChange> group) {
    TableBase base(table_);
    Overlay overlay(base);
    Evaluation evaluation(overlay, leases_, logs_, clock_.now());
    for (PendingChange& pending : group) {
        try {
            pending.outcome = evaluation.run(pending.change);
        } catch (...) {
            overlay.undo();
            pending.failure = std::current_exception();
        }
    }
    const std::vector<Write> writes = overlay.writes();
    if (!writes.empty()) {
        try {
            kill_point("store-before-write");
            if (is_sabotaged(Sabotage::audit_apart))
                write_audit_apart(table_, writes);
            else
                table_.write(writes, Durability::synced);
            kill_point("store-after-sync");
        } catch (...) {
            for (const Bytes& key : evaluation.finished()) leases_.kept(key);
            throw;
        }
    }
    for (const Bytes& key : evaluation.finished()) leases_.ended(key);
    settle_leases(writes);
    // What a later change of the group has taken back is not there to be leased.
    for (const Bytes& key : evaluation.offered())
        if (overlay.touched(Space::due, key) == Overlay::Touched::written) leases_.offered(key);
    return !writes.empty();
}

void TableWriter::settle_leases(const std::vector<Write>& writes) {
    for (const Write& write : writes) {
        if (write.space() != Space::due) continue;
        const std::string_view key = write.key.substr(1);
        switch (write.kind) {
            case Write::Kind::put:
                leases_.scheduled(key);
                break;
            case Write::Kind::erase:
                leases_.ended(key);
                break;
            case Write::Kind::erase_range: {
                const bool to_the_end = write.value.size() == 1;
                leases_.ended_range(key, to_the_end ? std::string_view() : write.value.substr(1));
                break;
            }
        }
    }
}

}  // namespace pidge::store
