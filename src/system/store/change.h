// Change: what one commit does, all or nothing. Built by pure planning code (mail/), then handed to
// Store::commit once. A plain value; it can be copied, kept and tried again.
//
// Operations take effect in the order in which they were added. All checks are made first, against
// the state before the change; if one fails nothing is done and the commit answers with a Conflict.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "system/store/blob.h"
#include "system/store/lease.h"
#include "system/store/space.h"

namespace pidge::store {

// A number that `next` will hand out in this commit; stands for it in later operations of the same
// change.
struct Number {
    std::uint32_t index = 0;  // of Committed::numbers
};

// A place in a key or value that receives a Number as 8 octets, most significant first.
struct Hole {
    enum class In : std::uint8_t { key, value };
    In in = In::key;
    std::uint32_t offset = 0;  // of the 8 octets, which the caller has put there as zeros
    Number number;
};

enum class Urgency : std::uint8_t {
    now,   // somebody waits for the answer
    soon,  // rides along with the next commit that somebody waits for, or goes alone after a short
           // while
};

class Change {
 public:
    // --- checks ---
    void check_absent(Space space, Bytes key);
    void check_present(Space space, Bytes key);
    void check_equals(Space space, Bytes key, Bytes value);

    // --- operations ---
    void put(Space space, Bytes key, Bytes value, std::vector<Hole> holes = {});
    void put_new(Space space, Bytes key, Bytes value,
                 std::vector<Hole> holes = {});  // with check_absent
    void erase(Space space, Bytes key);
    void erase_range(Space space, Bytes from, Bytes to);  // [from, to)
    // Counters are 8 octets, most significant first, two's complement; an absent one is 0.
    void add(Space space, Bytes key, std::int64_t delta);
    // Takes `count` numbers (at least one) from a counter; stands for the first: (old value) + 1.
    Number next(Space space, Bytes key, std::uint32_t count = 1);

    // Appends to the hash-chained log of that name (space audit, log_entry.h): the entry gets the
    // next number of the log, without gaps, in commit order, and the chain value that covers all
    // before it.
    Number append(std::string log, Bytes entry);

    // Bodies are counted: hold adds one holder, drop takes one away; the last drop erases the
    // bytes.
    void hold(Blob blob);  // brings the bytes in, or adds a holder when they are there already
    void drop(const BlobId& id);

    // Work that falls due (space due, lease.h).
    void schedule(DueGroup group, WallTime due, Bytes item);
    // What this change schedules may be leased by name right after its commit (Store::lease_item).
    void offer_scheduled() { offers_scheduled_ = true; }
    // Takes work back that nobody has leased: fails the commit when somebody has.
    void unschedule(DueGroup group, WallTime due, Bytes item);
    // The leased item is done with: fails the commit when the lease is not held any more, else ends
    // it and erases its due record. Follow it by schedule() to try again later.
    void finish(const Lease& lease);

    // --- about the commit ---
    // "Something of this subject changed": sent to whoever listens, after the commit; may be lost
    // (Store::on_hint).
    void hint(Bytes subject);
    // A commit with a token that was committed before does nothing and says so
    // (Committed::replayed).
    void set_token(Bytes token);
    void set_urgency(Urgency urgency) { urgency_ = urgency; }

    // Adds everything of the other change to this one. Numbers of the other one move up by the
    // returned amount.
    std::uint32_t merge(Change other);

    // --- for engines ---
    struct Check {
        enum class Kind : std::uint8_t { absent, present, equals };
        Kind kind;
        Space space;
        Bytes key;
        Bytes value;
    };
    struct Operation {
        enum class Kind : std::uint8_t {
            put,
            erase,
            erase_range,
            add,
            next,
            append,
            hold,
            drop,
            finish,
            unschedule,
        };
        Kind kind;
        Space space = Space::meta;
        Bytes key;                 // append: name of the log
        Bytes value;               // erase_range: the end; append: the entry
        std::int64_t delta = 0;    // add; next: how many
        std::uint32_t number = 0;  // next, append: index of the number handed out
        std::vector<Hole> holes;
        std::optional<Blob> blob;    // hold
        std::optional<Lease> lease;  // finish
    };
    const std::vector<Check>& checks() const { return checks_; }
    const std::vector<Operation>& operations() const { return operations_; }
    std::vector<Operation> take_operations() { return std::move(operations_); }
    const std::vector<Bytes>& hints() const { return hints_; }
    const Bytes& token() const { return token_; }
    Urgency urgency() const { return urgency_; }
    bool offers_scheduled() const { return offers_scheduled_; }
    std::uint32_t number_count() const { return number_count_; }
    bool is_empty() const { return checks_.empty() && operations_.empty() && hints_.empty(); }
    std::size_t size_bytes() const;  // roughly what it takes in memory
    // Whether a store commits it: whoever lets others decide how much is in a change asks first.
    bool fits() const;  // limits.h

 private:
    std::vector<Check> checks_;
    std::vector<Operation> operations_;
    std::vector<Bytes> hints_;
    Bytes token_;
    Urgency urgency_ = Urgency::now;
    bool offers_scheduled_ = false;
    std::uint32_t number_count_ = 0;
};

}  // namespace pidge::store
