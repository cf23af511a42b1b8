// Bytes: owned octets. A string is used because most of what we hold is text of some protocol;
// nothing is assumed about its encoding. Parameters are std::string_view (not stored), owned values
// are Bytes.
#pragma once

#include <string>
#include <string_view>

namespace pidge {

using Bytes = std::string;
using ByteView = std::string_view;

}  // namespace pidge
