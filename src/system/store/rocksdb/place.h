// The directory of a store on disk: what is in it before RocksDB looks, and the mark that says
// whose it is.
//
// File "PIDGE-STORE" holds "pidge store, format N\n". It is written before anything else, so that a
// directory with other contents is never taken over, and a store of a later format is told from a
// damaged one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pidge::store {

inline constexpr unsigned store_format = 1;

// Makes the directory and its mark when they are not there; refuses with the reason when it is no
// place for us, or has no room for what opening writes.
Result<> prepare_place(const std::string& path);

// What a log is named that has lost what was synced and is kept as evidence (log_scan.h).
inline constexpr std::string_view damaged_ending = ".damaged";
// Those that are there, by name, until a person removes them; none where the directory cannot be
// read.
std::vector<std::string> damaged_logs_in(const std::string& path);

}  // namespace pidge::store
