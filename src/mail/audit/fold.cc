#include "mail/audit/fold.h"

namespace pidge::audit {

namespace {

// Beyond this many different refusals between two calls of take() each is written by itself.
constexpr std::size_t kinds_max = 10'000;

bool folds(Type type) {
    return type == Type::reject || type == Type::auth_fail;
}

std::string kind_of(const Entry& entry) {
    std::string kind = std::to_string(static_cast<int>(entry.type));
    for (const char* name : {"client", "reply", "login"}) {
        const auto found = entry.fields.find(name);
        kind += '\0';
        if (found == entry.fields.end() || !found->second.text()) continue;
        std::string_view text = *found->second.text();
        // Of the client the address counts, not the port; of the reply its codes, not what it
        // quotes.
        if (name == std::string_view("client")) text = text.substr(0, text.rfind(':'));
        if (name == std::string_view("reply")) text = text.substr(0, 9);
        kind += text;
    }
    return kind;
}

}  // namespace

std::optional<Entry> Fold::add(Entry entry) {
    if (!folds(entry.type)) return entry;
    const std::lock_guard lock(mutex_);
    std::string kind = kind_of(entry);
    const auto found = counted_.find(kind);
    if (found == counted_.end()) {
        if (counted_.size() < kinds_max) counted_.emplace(std::move(kind), Counted{});
        return entry;
    }
    found->second.last = std::move(entry);
    ++found->second.more;
    return std::nullopt;
}

std::vector<Entry> Fold::take() {
    const std::lock_guard lock(mutex_);
    std::vector<Entry> entries;
    for (auto it = counted_.begin(); it != counted_.end();) {
        if (it->second.more == 0) {
            it = counted_.erase(it);
            continue;
        }
        it->second.last.fields["count"] = it->second.more;
        entries.push_back(std::move(it->second.last));
        it->second = Counted{};
        ++it;
    }
    return entries;
}

}  // namespace pidge::audit
