// BodyAway: a body cannot be had at the moment because it lies elsewhere than the store's records
// (objects/). Nothing else is affected: who can leave this one body for later goes on.
#pragma once

#include <string>

#include "system/store/store.h"

namespace pidge::store {

class BodyAway final : public Fault {
 public:
    explicit BodyAway(const std::string& text) : Fault(Why::unavailable, text) {}
};

}  // namespace pidge::store
