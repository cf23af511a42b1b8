// Identifiers of the directory's objects.
#pragma once

#include "base/id.h"

namespace pidge::directory {

using PrincipalId = Id<struct PrincipalTag>;
using CredentialId = Id<struct CredentialTag>;
using RangeId = Id<struct RangeTag>;
using RouteId = Id<struct RouteTag>;

}  // namespace pidge::directory
