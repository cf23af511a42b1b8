#include "base/check.h"

#include <execinfo.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace pidge {

void check_failed(std::string_view what, std::source_location where) {
    std::fprintf(stderr, "pidge: internal error: %.*s at %s:%u in %s\n",
                 static_cast<int>(what.size()), what.data(), where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name());
    void* frames[64];
    const int depth = ::backtrace(frames, 64);
    ::backtrace_symbols_fd(frames, depth, STDERR_FILENO);
    std::abort();
}

}  // namespace pidge
