// What a status means, and what to do about it, in plain words for the sender (RFC 3463). Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "formats/dsn/report.h"

namespace pidge::dsn {

struct Explanation {
    std::string_view meaning;  // one sentence
    std::string_view advice;   // one or two sentences
};

// Never empty: falls back from the detail to the subject to the class of the status.
Explanation explain(EnhancedStatus status, Action action);

}  // namespace pidge::dsn
