// check(condition): states what must hold if our own code is right. When it does not hold the
// program ends with the place and a stack trace, in release builds too: wrong state must not reach
// the disk. What a peer, a user or the machine can cause is never checked this way (see result.h
// and net::Gone, store::Fault).
#pragma once

#include <source_location>
#include <string_view>

namespace pidge {

[[noreturn]] void check_failed(std::string_view what, std::source_location where);

inline void check(bool condition, std::string_view what = "check failed",
                  std::source_location where = std::source_location::current()) {
    if (!condition) [[unlikely]]
        check_failed(what, where);
}

}  // namespace pidge
