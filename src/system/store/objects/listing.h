// Listing: what an object store answers to ListObjectsV2, as far as we need it. The answer is XML
// of one known form; names are all that is taken from it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pidge::store {

struct Listing {
    std::vector<std::string> names;
    std::string next;  // what to ask for the next page with; empty: this was the last
};

// Nullopt when it is no such answer, or says that there is more and not how to get it. Linear in
// its size.
std::optional<Listing> read_listing(std::string_view xml);

}  // namespace pidge::store
