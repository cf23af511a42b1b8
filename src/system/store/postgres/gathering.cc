#include "system/store/postgres/gathering.h"

#include "system/store/blob_record.h"
#include "system/store/log_entry.h"

namespace pidge::store::postgres {

namespace {

using Kind = Change::Operation::Kind;

void gather_operation(Gathering& to, const Change::Operation& operation) {
    switch (operation.kind) {
        case Kind::add:
        case Kind::next:
            to.spaces[operation.space].read.insert(operation.key);
            break;
        case Kind::append:
            to.spaces[Space::counter].read.insert(log_end_key(operation.key));
            break;
        case Kind::drop:
        case Kind::finish:
        case Kind::unschedule:
            to.spaces[operation.space].read.insert(operation.key);
            break;
        case Kind::hold:
            to.spaces[Space::blob].read.insert(operation.key);
            if (!operation.blob->upload.empty()) {
                to.spaces[Space::chunk].read.insert(pending_key(operation.blob->upload));
                to.uploads[operation.blob->upload] = chunk_count(operation.blob->size_bytes);
            }
            break;
        case Kind::put:
        case Kind::erase:
        case Kind::erase_range:
            break;
    }
}

}  // namespace

Gathering gather(std::span<const PendingChange> group) {
    Gathering gathering;
    for (const PendingChange& pending : group) {
        if (!pending.change.token().empty())
            gathering.spaces[Space::token].read.insert(pending.change.token());
        for (const Change::Check& check : pending.change.checks()) {
            Gathering::Keys& keys = gathering.spaces[check.space];
            keys.read.insert(check.key);
            if (check.kind == Change::Check::Kind::absent) keys.absent.insert(check.key);
        }
    }
    for (const PendingChange& pending : group)
        for (const Change::Operation& operation : pending.change.operations())
            gather_operation(gathering, operation);
    return gathering;
}

std::vector<Space> lock_order(const Gathering& gathering) {
    std::vector<Space> order;
    for (const auto& [space, keys] : gathering.spaces)
        if (space != Space::counter) order.push_back(space);
    if (gathering.spaces.contains(Space::counter)) order.push_back(Space::counter);
    return order;
}

}  // namespace pidge::store::postgres
