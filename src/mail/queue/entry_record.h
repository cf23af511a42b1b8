// The stored form of a queue entry (formats/record); its key is EntryId::key() in space queue.
#pragma once

#include <optional>
#include <string_view>

#include "mail/queue/entry.h"

namespace pidge::queue {

Bytes record_of(const Entry& entry);
std::optional<Entry> read_entry(std::string_view record);  // nullopt: damaged

}  // namespace pidge::queue
