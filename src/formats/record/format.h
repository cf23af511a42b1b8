// Formats of stored records. Each format adds to the one before what older programs cannot read; a
// program reads all formats up to its newest. Several programs may share a store, so a new format
// is written only once all of them can read it (system/nodes/level.h): whoever writes a record that
// differs between formats asks here.
//
//   format 1   the first
//
// The build option PIDGE_NEXT_FORMAT makes a program with one format more, for trying updates out:
// entries of the queue then carry their format in their first octet. It is never released.
#pragma once

#include <cstdint>
#include <string_view>

namespace pidge::record {

extern const std::uint32_t newest_format;  // that this program reads

// What may be written by this process now; 1 until the store says more. Any thread.
std::uint32_t writable_format();
void set_writable_format(std::uint32_t format);

// Whether a record was written in a format that this program does not know: it is not damaged, and
// not ours to judge.
bool is_newer(std::string_view record);

}  // namespace pidge::record
