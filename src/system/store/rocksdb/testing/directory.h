// A new directory for a test's store, which goes with this object.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/check.h"

namespace pidge::store::testing {

class Directory {
 public:
    Directory() : path(std::filesystem::temp_directory_path() / "pidge-store-XXXXXX") {
        check(::mkdtemp(path.data()) != nullptr, "a directory for a test cannot be made");
    }
    ~Directory() { std::filesystem::remove_all(path); }
    Directory(const Directory&) = delete;

    std::string path;
};

}  // namespace pidge::store::testing
