// Whether an entry is what somebody searches for. Pure.
#pragma once

#include "mail/audit/trail.h"

namespace pidge::audit {

bool matches(const Entry& entry, const Query& query);

}  // namespace pidge::audit
