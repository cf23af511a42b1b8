// GroupWriter: carries a group of changes out in one durable write; what engines differ in behind
// the committer. table_writer.h does it for embedded engines.
#pragma once

#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <span>

#include "system/net/completion.h"
#include "system/store/change.h"
#include "system/store/evaluation.h"

namespace pidge::store {

struct PendingChange {
    Change change;
    std::shared_ptr<net::Completion<CommitOutcome>> done;  // null: nobody waits
    std::size_t size_bytes = 0;
    // One of the two, once the group is written.
    std::optional<CommitOutcome> outcome;
    std::exception_ptr failure;
};

// Used by one thread.
class GroupWriter {
 public:
    virtual ~GroupWriter() = default;

    // Carries the changes out in order: each gets its outcome or its own failure, and what is good
    // is durable on return. The operations of a change may be taken out of it, its hints stay.
    // False: there was nothing to write. Throws Fault when the group as a whole was not written, or
    // nobody knows: then no change of it has an outcome.
    virtual bool write(std::span<PendingChange> group) = 0;
};

}  // namespace pidge::store
