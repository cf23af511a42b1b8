#include "system/store/overlay.h"

#include <utility>

namespace pidge::store {

namespace {

// For one more, which then cannot fail.
template <typename Value>
void make_place(std::vector<Value>& values) {
    if (values.size() == values.capacity()) values.reserve(2 * values.size() + 8);
}

}  // namespace

Bytes table_key(Space space, std::string_view key) {
    Bytes composed;
    composed.reserve(1 + key.size());
    composed += static_cast<char>(space);
    composed += key;
    return composed;
}

const Bytes& Overlay::composed(Space space, std::string_view key) {
    composed_.clear();
    composed_ += static_cast<char>(space);
    composed_ += key;
    return composed_;
}

bool Overlay::is_in_range(std::string_view table_key) const {
    for (const Range& range : ranges_)
        if (table_key >= range.from && table_key < range.to) return true;
    return false;
}

const Bytes* Overlay::get(Space space, std::string_view key) {
    const Bytes& full = composed(space, key);
    const auto known = entries_.find(full);
    if (known != entries_.end()) return known->second.value ? &*known->second.value : nullptr;
    if (is_in_range(full)) return nullptr;
    // Kept, so that what many changes of a group read (counters, ends of logs) is read once. Only
    // once it is read: after a failure the changes that follow must not take it for absent.
    std::optional<Bytes> value = base_.find(space, key);
    Entry& entry = entries_[full];
    entry.value = std::move(value);
    return entry.value ? &*entry.value : nullptr;
}

void Overlay::set(Space space, std::string_view key, std::optional<Bytes> value) {
    // All that can fail for want of memory comes before the first change.
    make_place(dirty_);
    make_place(journal_);
    const auto [place, is_new] = entries_.try_emplace(composed(space, key));
    Entry& entry = place->second;
    size_bytes_ += key.size() + (value ? value->size() : 0) + 16;
    if (!entry.is_dirty) dirty_.push_back(&*place);
    journal_.push_back({&*place, std::move(entry)});
    entry.value = std::move(value);
    entry.is_dirty = true;
}

void Overlay::put(Space space, std::string_view key, Bytes value) {
    set(space, key, std::move(value));
}

void Overlay::put_new(Space space, std::string_view key, Bytes value) {
    base_.note_free(space, key);
    set(space, key, std::move(value));
}

void Overlay::erase(Space space, std::string_view key) {
    set(space, key, std::nullopt);
}

void Overlay::erase_range(Space space, std::string_view from, std::string_view to) {
    Range range{table_key(space, from), table_key(space, to)};
    // An empty end means the end of the space: every key of it sorts below the next number.
    if (to.empty()) range.to = Bytes(1, static_cast<char>(static_cast<unsigned char>(space) + 1));
    if (range.from >= range.to) return;
    dirty_.reserve(dirty_.size() + entries_.size());
    journal_.reserve(journal_.size() + entries_.size());
    make_place(ranges_);
    for (auto& node : entries_) {
        if (node.first < range.from || node.first >= range.to) continue;
        if (!node.second.is_dirty) dirty_.push_back(&node);
        journal_.push_back({&node, std::move(node.second)});
        node.second = {.value = std::nullopt, .is_dirty = true};
    }
    size_bytes_ += range.from.size() + range.to.size();
    ranges_.push_back(std::move(range));
}

Overlay::Touched Overlay::touched(Space space, std::string_view key) const {
    const Bytes full = table_key(space, key);
    const auto known = entries_.find(full);
    if (known != entries_.end() && known->second.is_dirty)
        return known->second.value ? Touched::written : Touched::erased;
    return is_in_range(full) ? Touched::erased : Touched::no;
}

void Overlay::keep() {
    journal_.clear();
    kept_dirty_ = dirty_.size();
    kept_ranges_ = ranges_.size();
}

void Overlay::undo() {
    // An entry that was new goes back to "not known", not to "absent".
    for (auto before = journal_.rbegin(); before != journal_.rend(); ++before)
        before->node->second = std::move(before->entry);
    for (std::size_t i = kept_dirty_; i < dirty_.size(); ++i)
        if (!dirty_[i]->second.value) entries_.erase(entries_.find(dirty_[i]->first));
    dirty_.resize(kept_dirty_);
    ranges_.resize(kept_ranges_);
    journal_.clear();
}

std::vector<Write> Overlay::writes() const {
    std::vector<Write> writes;
    writes.reserve(ranges_.size() + dirty_.size());
    // Ranges first: what was put into one afterwards stands among the entries, which know their
    // last value.
    for (const Range& range : ranges_)
        writes.push_back({Write::Kind::erase_range, range.from, range.to});
    for (const auto* node : dirty_) {
        if (node->second.value)
            writes.push_back({Write::Kind::put, node->first, *node->second.value});
        else
            writes.push_back({Write::Kind::erase, node->first, {}});
    }
    return writes;
}

}  // namespace pidge::store
