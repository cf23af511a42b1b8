#include "system/store/change.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "system/store/due_key.h"
#include "system/store/limits.h"

namespace pidge::store {

namespace {

using Kind = Change::Operation::Kind;

void check_holes(const Bytes& key, const Bytes& value, const std::vector<Hole>& holes,
                 std::uint32_t number_count) {
    for (const Hole& hole : holes) {
        const Bytes& in = hole.in == Hole::In::key ? key : value;
        check(in.size() >= 8 && hole.offset <= in.size() - 8,
              "a hole lies outside its key or value");
        check(hole.number.index < number_count, "a hole stands for a number that is not taken yet");
    }
}

}  // namespace

void Change::check_absent(Space space, Bytes key) {
    checks_.push_back({Check::Kind::absent, space, std::move(key), {}});
}

void Change::check_present(Space space, Bytes key) {
    checks_.push_back({Check::Kind::present, space, std::move(key), {}});
}

void Change::check_equals(Space space, Bytes key, Bytes value) {
    checks_.push_back({Check::Kind::equals, space, std::move(key), std::move(value)});
}

void Change::put(Space space, Bytes key, Bytes value, std::vector<Hole> holes) {
    check_holes(key, value, holes, number_count_);
    operations_.push_back({.kind = Kind::put,
                           .space = space,
                           .key = std::move(key),
                           .value = std::move(value),
                           .holes = std::move(holes)});
}

void Change::put_new(Space space, Bytes key, Bytes value, std::vector<Hole> holes) {
    // What a hole will hold is not known while checks are made, and a number handed out is new by
    // itself.
    const bool fixed_key = std::none_of(holes.begin(), holes.end(),
                                        [](const Hole& hole) { return hole.in == Hole::In::key; });
    if (fixed_key) check_absent(space, key);
    put(space, std::move(key), std::move(value), std::move(holes));
}

void Change::erase(Space space, Bytes key) {
    operations_.push_back({.kind = Kind::erase, .space = space, .key = std::move(key)});
}

void Change::erase_range(Space space, Bytes from, Bytes to) {
    operations_.push_back({.kind = Kind::erase_range,
                           .space = space,
                           .key = std::move(from),
                           .value = std::move(to)});
}

void Change::add(Space space, Bytes key, std::int64_t delta) {
    operations_.push_back(
        {.kind = Kind::add, .space = space, .key = std::move(key), .delta = delta});
}

Number Change::next(Space space, Bytes key, std::uint32_t count) {
    check(count >= 1, "a change takes no numbers from a counter");
    operations_.push_back({.kind = Kind::next,
                           .space = space,
                           .key = std::move(key),
                           .delta = count,
                           .number = number_count_});
    return {number_count_++};
}

Number Change::append(std::string log, Bytes entry) {
    check(!log.empty() && log.find('\0') == std::string::npos,
          "the name of a log holds a zero octet");
    operations_.push_back({.kind = Kind::append,
                           .space = Space::audit,
                           .key = std::move(log),
                           .value = std::move(entry),
                           .number = number_count_});
    return {number_count_++};
}

void Change::hold(Blob blob) {
    operations_.push_back({.kind = Kind::hold,
                           .space = Space::blob,
                           .key = Bytes(blob.id.bytes()),
                           .blob = std::move(blob)});
}

void Change::drop(const BlobId& id) {
    operations_.push_back({.kind = Kind::drop, .space = Space::blob, .key = Bytes(id.bytes())});
}

void Change::schedule(DueGroup group, WallTime due, Bytes item) {
    put(Space::due, due_key(group, due, item), {});
}

void Change::unschedule(DueGroup group, WallTime due, Bytes item) {
    operations_.push_back({.kind = Operation::Kind::unschedule,
                           .space = Space::due,
                           .key = due_key(group, due, item)});
}

void Change::finish(const Lease& lease) {
    operations_.push_back({.kind = Kind::finish,
                           .space = Space::due,
                           .key = due_key(lease.group, lease.due, lease.item),
                           .lease = lease});
}

void Change::hint(Bytes subject) {
    hints_.push_back(std::move(subject));
}

void Change::set_token(Bytes token) {
    token_ = std::move(token);
}

std::uint32_t Change::merge(Change other) {
    const std::uint32_t moved = number_count_;
    for (Operation& operation : other.operations_) {
        operation.number += moved;
        for (Hole& hole : operation.holes) hole.number.index += moved;
    }
    std::move(other.checks_.begin(), other.checks_.end(), std::back_inserter(checks_));
    std::move(other.operations_.begin(), other.operations_.end(), std::back_inserter(operations_));
    std::move(other.hints_.begin(), other.hints_.end(), std::back_inserter(hints_));
    number_count_ += other.number_count_;
    if (token_.empty()) token_ = std::move(other.token_);
    if (other.urgency_ == Urgency::now) urgency_ = Urgency::now;
    offers_scheduled_ = offers_scheduled_ || other.offers_scheduled_;
    return moved;
}

std::size_t Change::size_bytes() const {
    std::size_t size = sizeof(Change) + token_.size();
    for (const Check& check : checks_)
        size += sizeof(Check) + check.key.size() + check.value.size();
    for (const Bytes& hint : hints_) size += sizeof(Bytes) + hint.size();
    const Bytes* body = nullptr;  // one that was counted: the entries of a message share theirs
    for (const Operation& operation : operations_) {
        size += sizeof(Operation) + operation.key.size() + operation.value.size() +
                operation.holes.size() * sizeof(Hole);
        if (!operation.blob || !operation.blob->bytes || operation.blob->bytes.get() == body)
            continue;
        body = operation.blob->bytes.get();
        size += body->size();
    }
    return size;
}

bool Change::fits() const {
    return operations_.size() <= limits::change_operations_max &&
           size_bytes() <= limits::change_bytes_max;
}

}  // namespace pidge::store
