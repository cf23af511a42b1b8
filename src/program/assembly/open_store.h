// The store that a configuration asks for, and the log of this node in it. Refusals are for the
// administrator.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "program/config/config.h"
#include "system/store/postgres/postgres_store.h"
#include "system/store/store.h"

namespace pidge::program {

// An embedded store of another user is refused.
Result<std::unique_ptr<store::Store>> open_store(const config::Config& config, const Clock& clock);

// Of engine postgres, but for the bucket; the password is read from its file.
Result<store::PostgresOptions> postgres_options(const config::Config& config);
// The bucket for large bodies, with its secret read from the file; null where there is none.
Result<std::shared_ptr<const store::BucketOptions>> bucket_options(const config::Config& config);

// In the audit trail (docs/audit.md).
std::string audit_log_name(const config::Config& config);

}  // namespace pidge::program
