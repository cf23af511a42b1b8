// Test builds only (build option PIDGE_KILL_POINTS): a directory that forgets what was not synced.
// A file's name is durable when its directory was synced after the file was made (fsync(2)); the
// usual file systems keep it earlier, when the file itself is synced, so that a power cut on them
// does not show a missing sync of the directory. With PIDGE_FORGET_NAMES in the environment a kill
// point takes such names away before it ends the process.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace pidge::store {

// Thread-safe. Lives as long as the process.
class UnsyncedNames {
 public:
    static UnsyncedNames& of_process();

    void made(const std::string& path);
    // Before it is done: what `to` held until now comes back when it is forgotten.
    void will_rename(const std::string& from, const std::string& to);
    void erased(const std::string& path);
    void synced(const std::string& directory);
    void forget();

 private:
    std::mutex mutex_;
    std::map<std::string, std::optional<std::string>> names_;  // and what they named before
};

}  // namespace pidge::store
