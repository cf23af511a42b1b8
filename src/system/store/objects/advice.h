// What an administrator can do about an object store that refuses requests or is not reached.
#pragma once

#include <string>
#include <string_view>

namespace pidge::store {

// `why` is what a Fault of the bucket says: it holds the store's own word ("NoSuchBucket"), or that
// of the network.
std::string objects_advice(std::string_view why);

}  // namespace pidge::store
