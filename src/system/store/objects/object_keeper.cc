#include "system/store/objects/object_keeper.h"

#include <pthread.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "system/store/blob_record.h"
#include "system/store/limits.h"
#include "system/store/objects/reference.h"
#include "system/store/uploads.h"

namespace pidge::store {

namespace {

using std::chrono::steady_clock;

metrics::Counter removed_total{"pidge_objects_removed_total",
                               "Objects removed with the bodies they were a part of."};
metrics::Counter swept_total{"pidge_objects_swept_total",
                             "Objects removed because no body came to be of them."};

constexpr log::Event swept{"objects-swept", log::Level::info,
                           "Objects were removed that no body is made of.", ""};
constexpr log::Event sweep_failed{
    "objects-sweep-failed", log::Level::warning,
    "Left-over objects could not be looked for; tried again within the hour.", ""};

}  // namespace

ObjectKeeper::ObjectKeeper(Table& rows, std::shared_ptr<Bucket> bucket, const Clock& clock)
    : rows_(rows), bucket_(std::move(bucket)), clock_(clock) {
    thread_ = std::thread([this] { run(); });
}

ObjectKeeper::~ObjectKeeper() {
    bucket_->stop();
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void ObjectKeeper::erase(const std::vector<Bytes>& chunk_keys) {
    {
        const std::lock_guard lock(mutex_);
        for (const Bytes& key : chunk_keys) {
            if (waiting_.size() >= objects_limits::erases_waiting_max) break;
            if (auto name = object_name(key)) waiting_.push_back(*std::move(name));
        }
    }
    wake_.notify_all();
}

// The oldest of those that wait. While the bucket is away they wait on.
void ObjectKeeper::erase_next() {
    std::string name;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) return;
        name = waiting_.front();
    }
    try {
        bucket_->erase(name);
        removed_total.add();
        const std::lock_guard lock(mutex_);
        waiting_.pop_front();
    } catch (const Fault&) {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, objects_limits::away_first, [this] { return is_stopping_; });
    }
}

void ObjectKeeper::run() {
    ::pthread_setname_np(::pthread_self(), "store-objects");
    auto next_sweep = steady_clock::now() + objects_limits::sweep_first;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait_until(lock, next_sweep,
                             [this] { return is_stopping_ || !waiting_.empty(); });
            if (is_stopping_) return;
        }
        erase_next();
        if (steady_clock::now() < next_sweep) continue;
        next_sweep = steady_clock::now() + objects_limits::sweep_interval;
        try {
            sweep();
        } catch (const std::exception& error) {
            log::write(sweep_failed, {{"reason", error.what()}});
        }
    }
}

// An upload is written into its rows within the time of the longest transaction, which is what
// limits::foreign_upload_age_max stands for; an object that is older and has no row will never have
// one. The name tells its time.
bool ObjectKeeper::is_orphan_old(const std::string& name) const {
    const auto key = chunk_key_of(name);
    if (!key) return false;  // not one of ours
    const auto begun = upload_begun(std::string_view(*key).substr(1, upload_name_size));
    return begun && clock_.now() - *begun > limits::foreign_upload_age_max;
}

std::size_t ObjectKeeper::sweep() {
    std::size_t removed = 0;
    std::string after;
    do {
        const Listing page = bucket_->list(after);
        after = page.next;
        std::vector<std::pair<Space, Bytes>> keys;
        for (const std::string& name : page.names)
            if (is_orphan_old(name)) keys.emplace_back(Space::chunk, *chunk_key_of(name));
        const auto rows = rows_.multi_get(keys, nullptr);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            {
                const std::lock_guard lock(mutex_);
                if (is_stopping_) return removed;
            }
            if (rows[i]) continue;
            bucket_->erase(*object_name(keys[i].second));
            swept_total.add();
            ++removed;
        }
    } while (!after.empty());
    if (removed > 0) log::write(swept, {{"objects", removed}});
    return removed;
}

}  // namespace pidge::store
