// Carries a plan out: one commit of the change together with the audit entry that tells who did
// what, planned anew (a bounded number of times) when somebody else was faster.
#pragma once

#include <functional>
#include <string>

#include "services/admin/data_type.h"

namespace pidge::admin {

using Planner = std::function<net::Task<Result<Plan>>()>;

// `what`: "Domain/set create". Refuses with kind temporary when it met conflicts only.
net::Task<Result<Plan>> carry_out(Parts& parts, Caller caller, std::string what, Planner planner);

// Records that somebody looks at something; durable when it returns.
net::Task<void> record_access(Parts& parts, Caller caller, std::string what, std::string details);

// The key in space counter that counts the changes of a type; plans add to it.
void note_changed(store::Change& change, std::string_view type);
net::Task<std::string> state_of(store::Store& store, std::string_view type);

}  // namespace pidge::admin
