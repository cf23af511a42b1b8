#include "system/store/sabotage.h"

#ifdef PIDGE_KILL_POINTS

#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace pidge::store {

namespace {

std::string_view variable(const char* name) {
    // tidy: only test builds look, and the campaign that starts them says which
    const char* const value = std::getenv(name);
    return value ? value : "";
}

std::string_view name_of(Sabotage step) {
    switch (step) {
        case Sabotage::log_sync:
            return "log-sync";
        case Sabotage::directory_sync:
            return "directory-sync";
        case Sabotage::audit_apart:
            return "audit-apart";
    }
    return "";
}

}  // namespace

bool is_sabotaged(Sabotage step) {
    static const std::string_view wanted = variable("PIDGE_SABOTAGE");
    return wanted == name_of(step);
}

std::size_t memtable_bytes_or(std::size_t usual) {
    const auto bytes = text::parse_u64(variable("PIDGE_MEMTABLE_BYTES"));
    return bytes ? *bytes : usual;
}

void write_audit_apart(Table& table, std::span<const Write> writes) {
    std::vector<Write> entries, others;
    for (const Write& write : writes)
        (write.space() == Space::audit ? entries : others).push_back(write);
    if (!others.empty()) table.write(others, Durability::synced);
    if (!entries.empty()) table.write(entries, Durability::later);
}

}  // namespace pidge::store

#endif
