#include "system/store/rocksdb/unsynced_names.h"

#ifdef PIDGE_KILL_POINTS

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "system/store/kill_point.h"

namespace pidge::store {

namespace {

std::optional<std::string> contents_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::ostringstream contents;
    contents << file.rdbuf();
    return contents.str();
}

std::string folder_of(const std::string& path) {
    return path.substr(0, path.find_last_of('/'));
}

}  // namespace

UnsyncedNames& UnsyncedNames::of_process() {
    static UnsyncedNames* const names = [] {
        before_kill([] { of_process().forget(); });
        return new UnsyncedNames;
    }();
    return *names;
}

void UnsyncedNames::made(const std::string& path) {
    const std::lock_guard lock(mutex_);
    names_.try_emplace(path, std::nullopt);
}

void UnsyncedNames::will_rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    names_.erase(from);
    names_.try_emplace(to, contents_of(to));
}

void UnsyncedNames::erased(const std::string& path) {
    const std::lock_guard lock(mutex_);
    names_.erase(path);
}

void UnsyncedNames::synced(const std::string& directory) {
    const std::string wanted =
        directory.ends_with('/') ? directory.substr(0, directory.size() - 1) : directory;
    const std::lock_guard lock(mutex_);
    std::erase_if(names_, [&](const auto& each) { return folder_of(each.first) == wanted; });
}

// The lock is kept: no thread makes a file any more.
void UnsyncedNames::forget() {
    mutex_.lock();
    for (const auto& [path, before] : names_) {
        ::unlink(path.c_str());
        if (before) std::ofstream(path, std::ios::binary) << *before;
    }
}

}  // namespace pidge::store

#endif
