// What the conformance suite needs of an engine. Each engine's test program links the suite
// (CMake's WHOLE_ARCHIVE) and defines make_site(); the cases of the suite then run against that
// engine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "system/store/store.h"

namespace pidge::store::conformance {

// A place where a store lives; it can be closed and opened again, one store at a time.
class Site {
 public:
    virtual ~Site() = default;
    virtual std::unique_ptr<Store> open(const Clock& clock) = 0;
    // Where a child process can open it too; empty: it cannot (the engine keeps nothing outside the
    // process).
    virtual std::string path() const { return {}; }
    // Whether other processes may use the store at the same time: then what they may have begun is
    // swept later, and a body that is dropped may end its readers.
    enum class Users : std::uint8_t { one_process, several };
    virtual Users users() const { return Users::one_process; }
};

std::unique_ptr<Site> make_site();  // fresh and empty; defined by the engine's test program
// For the child of the crash test: opens what lies at Site::path().
std::unique_ptr<Store> open_at(const std::string& path, const Clock& clock);

}  // namespace pidge::store::conformance
