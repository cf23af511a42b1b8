// The logs of the audit trail as wholes: which there are, and whether they are sound. Besides this
// node's own a store holds those of other nodes on it, and those that a node has written under a
// former name.
#pragma once

#include <string>

#include "services/admin/methods.h"

namespace pidge::admin {

net::Task<MethodResult> audit_logs(Parts& parts);  // AuditEntry/logs
net::Task<MethodResult> audit_verify(Parts& parts, Caller caller, json::Object arguments);
// There is such a log; else a refusal that names those there are.
net::Task<Result<>> check_log(audit::Trail& trail, std::string log);

}  // namespace pidge::admin
