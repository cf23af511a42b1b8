#include "system/store/uploads.h"

#include "base/id.h"
#include "system/store/limits.h"

namespace pidge::store {

std::optional<WallTime> upload_begun(std::string_view name) {
    if (name.size() != Id<struct UploadTag>::size) return std::nullopt;
    // The first 48 bits are milliseconds since 1970 (base/id.h).
    std::int64_t unix_ms = 0;
    for (std::size_t i = 0; i < 6; ++i) unix_ms = unix_ms << 8 | static_cast<std::uint8_t>(name[i]);
    return WallTime(std::chrono::milliseconds(unix_ms));
}

std::string Uploads::begin() {
    std::string name(Id<struct UploadTag>::make(clock_.unix_ms()).bytes());
    const std::lock_guard lock(mutex_);
    uploads_.emplace(name, Upload{});
    return name;
}

void Uploads::finish(const std::string& name) {
    const std::lock_guard lock(mutex_);
    uploads_[name] = {true, clock_.steady()};
}

void Uploads::abandon(const std::string& name) {
    const std::lock_guard lock(mutex_);
    uploads_.erase(name);
}

bool Uploads::is_live(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(name);
    if (found == uploads_.end()) return false;
    return !found->second.is_finished ||
           clock_.steady() - found->second.finished < limits::upload_age_max;
}

void Uploads::forget_old() {
    const std::lock_guard lock(mutex_);
    const SteadyTime oldest = clock_.steady() - limits::upload_age_max;
    std::erase_if(uploads_, [oldest](const auto& upload) {
        return upload.second.is_finished && upload.second.finished <= oldest;
    });
}

}  // namespace pidge::store
