#include "system/store/memory/memory_disk.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace pidge::store {

class MemoryDisk::View final : public Snapshot {
 public:
    View(std::shared_ptr<MemoryDisk> disk, std::uint64_t sequence)
        : disk_(std::move(disk)), sequence(sequence) {}
    ~View() override { disk_->forget(sequence); }

 private:
    const std::shared_ptr<MemoryDisk> disk_;

 public:
    const std::uint64_t sequence;
};

const Bytes* MemoryDisk::visible(const Versions& versions, std::uint64_t sequence) {
    for (auto version = versions.rbegin(); version != versions.rend(); ++version)
        if (version->sequence <= sequence) return version->value ? &*version->value : nullptr;
    return nullptr;
}

std::uint64_t MemoryDisk::sequence_of(const Snapshot* at) const {
    return at ? static_cast<const View*>(at)->sequence : sequence_;
}

std::optional<std::optional<Bytes>> MemoryDisk::get(Space space, std::string_view key,
                                                    const Snapshot* at, Effort) {
    const std::shared_lock lock(mutex_);
    const auto found = map_.find(table_key(space, key));
    if (found == map_.end()) return std::optional<Bytes>();
    const Bytes* const value = visible(found->second, sequence_of(at));
    return value ? std::optional<Bytes>(*value) : std::optional<Bytes>();
}

std::optional<std::vector<Item>> MemoryDisk::scan(Space space, const ScanOptions& options,
                                                  const Snapshot* at, Effort) {
    const std::shared_lock lock(mutex_);
    const std::uint64_t sequence = sequence_of(at);
    const auto first = map_.lower_bound(table_key(space, options.from));
    const auto end = options.to.empty()
                         ? map_.lower_bound(Bytes(1, static_cast<char>(std::uint8_t(space) + 1)))
                         : map_.lower_bound(table_key(space, options.to));
    std::vector<Item> items;
    if (!options.to.empty() && options.to <= options.from) return items;
    const auto take = [&](const Map::value_type& entry) {
        if (const Bytes* const value = visible(entry.second, sequence))
            items.push_back({entry.first.substr(1), *value});
    };
    if (options.order == ScanOptions::Order::forward) {
        for (auto at_item = first; at_item != end && items.size() < options.limit; ++at_item)
            take(*at_item);
    } else {
        for (auto at_item = end; at_item != first && items.size() < options.limit;)
            take(*--at_item);
    }
    return items;
}

std::shared_ptr<const Snapshot> MemoryDisk::snapshot() {
    const std::unique_lock lock(mutex_);
    snapshots_.insert(sequence_);
    return std::make_shared<View>(shared_from_this(), sequence_);
}

void MemoryDisk::forget(std::uint64_t sequence) {
    const std::unique_lock lock(mutex_);
    snapshots_.erase(snapshots_.find(sequence));
    if (!snapshots_.empty()) return;
    for (const Bytes& key : untidy_) {
        const auto place = map_.find(key);
        if (place == map_.end()) continue;
        place->second.erase(place->second.begin(), place->second.end() - 1);
        if (!place->second.back().value) map_.erase(place);
    }
    untidy_.clear();
}

void MemoryDisk::set(Map::iterator place, std::optional<Bytes> value) {
    Versions& versions = place->second;
    const bool is_seen = !versions.empty() && !snapshots_.empty() &&
                         *snapshots_.rbegin() >= versions.back().sequence;
    if (is_seen || versions.empty())
        versions.push_back({sequence_, std::move(value)});
    else
        versions.back() = {sequence_, std::move(value)};
    if (versions.size() == 1 && versions.back().value) return;
    if (snapshots_.empty() && !versions.back().value)
        map_.erase(place);
    else
        untidy_.insert(place->first);
}

void MemoryDisk::erase_range(std::string_view from, std::string_view to) {
    auto place = map_.lower_bound(from);
    while (place != map_.end() && place->first < to) set(place++, std::nullopt);
}

void MemoryDisk::write(std::span<const Write> writes, Durability) {
    const std::unique_lock lock(mutex_);
    ++sequence_;
    for (const Write& write : writes) {
        switch (write.kind) {
            case Write::Kind::put:
                set(map_.try_emplace(Bytes(write.key)).first, Bytes(write.value));
                break;
            case Write::Kind::erase: {
                const auto place = map_.find(write.key);
                if (place != map_.end()) set(place, std::nullopt);
                break;
            }
            case Write::Kind::erase_range:
                erase_range(write.key, write.value);
                break;
        }
    }
}

}  // namespace pidge::store
