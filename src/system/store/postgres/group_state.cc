#include "system/store/postgres/group_state.h"

namespace pidge::store::postgres {

void GroupState::expect(Space space, const Gathering::Keys& keys) {
    auto& rows = rows_[space];
    for (const Bytes& key : keys.read) rows.emplace(key, std::nullopt);
}

void GroupState::take(Space space, const Rows& rows) {
    auto& known = rows_[space];
    for (std::size_t i = 0; i < rows.size(); ++i) known[rows.text(i, 0)] = rows.text(i, 1);
}

void GroupState::take_due(const Rows& rows) {
    take(Space::due, rows);
    for (std::size_t i = 0; i < rows.size(); ++i)
        leases_[rows.text(i, 0)] = {static_cast<std::uint64_t>(rows.number(i, 2)), rows.flag(i, 3),
                                    rows.flag(i, 4), false};
}

void GroupState::forget(Space space, std::string_view key) {
    rows_[space][Bytes(key)].reset();
}

bool GroupState::is_known_absent(Space space, std::string_view key) const {
    const auto rows = rows_.find(space);
    if (rows == rows_.end()) return false;
    const auto row = rows->second.find(key);
    return row != rows->second.end() && !row->second;
}

std::optional<Bytes> GroupState::find(Space space, std::string_view key) {
    auto& rows = rows_[space];
    const auto row = rows.find(key);
    if (row != rows.end()) return row->second;
    return rows.emplace(Bytes(key), fetch_(space, key)).first->second;
}

bool GroupState::begin_finish(std::string_view key, std::uint64_t fence) {
    const auto lease = leases_.find(key);
    if (lease == leases_.end() || !lease->second.lasts || lease->second.is_finishing ||
        lease->second.fence != fence)
        return false;
    lease->second.is_finishing = true;
    return true;
}

bool GroupState::begin_removal(std::string_view key) {
    Lease& lease = leases_.try_emplace(Bytes(key)).first->second;
    if (lease.is_held || lease.is_finishing) return false;
    lease.is_finishing = true;
    return true;
}

void GroupState::kept(std::string_view key) {
    const auto lease = leases_.find(key);
    if (lease != leases_.end()) lease->second.is_finishing = false;
}

}  // namespace pidge::store::postgres
