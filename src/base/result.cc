#include "base/result.h"

#include <fmt/core.h>

namespace pidge {

std::string EnhancedStatus::text() const {
    return fmt::format("{}.{}.{}", klass, subject, detail);
}

}  // namespace pidge
