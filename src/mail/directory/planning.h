// What the planners of changes share. Internal.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "mail/directory/directory.h"
#include "system/store/store.h"

namespace pidge::directory {

inline Refusal refusal(Refusal::Kind kind, std::string text) {
    return {.kind = kind, .text = std::move(text)};
}
inline Refusal missing(const std::string& what) {
    return refusal(Refusal::Kind::not_found, "There is no " + what + ".");
}

inline void changes_site(store::Change& change) {
    change.hint(Bytes(site_subject));
}

// How often something has changed that no single record tells: that a domain has no addresses, that
// a network has no range. Read before all that it stands for; whose change was planned on what was
// there before is then refused, on every node. A counter of the store, so that records stay as they
// are.
class Version {
 public:
    static net::Task<Version> read(store::Store& store, std::string subject) {
        Bytes key = key_of(subject);
        auto seen = co_await store.get(store::Space::counter, key);
        co_return Version(std::move(key), std::move(seen));
    }
    void check(store::Change& change) const {
        if (seen_)
            change.check_equals(store::Space::counter, key_, *seen_);
        else
            change.check_absent(store::Space::counter, key_);
    }
    static void advance(store::Change& change, const std::string& subject) {
        change.add(store::Space::counter, key_of(subject), 1);
    }
    static void forget(store::Change& change, const std::string& subject) {
        change.erase(store::Space::counter, key_of(subject));
    }

 private:
    Version(Bytes key, std::optional<Bytes> seen) : key_(std::move(key)), seen_(std::move(seen)) {}
    static Bytes key_of(const std::string& subject) { return "directory:" + subject; }

    Bytes key_;
    std::optional<Bytes> seen_;
};

// The addresses in a domain, whether it is one of the site's or may become one.
inline std::string addresses_in(const std::string& domain) {
    return "addresses/" + domain;
}

// For a plan made from something that has changed since it was looked at: its commit meets a
// conflict, so that it is planned again.
inline store::Change overtaken(store::Space space, const Bytes& key) {
    store::Change change;
    change.check_present(space, key);
    change.check_absent(space, key);
    return change;
}

// A whole space of few and small records.
template <typename T>
net::Task<std::vector<T>> read_all(store::Store& store, store::Space space,
                                   std::optional<T> (*read)(std::string_view)) {
    std::vector<T> all;
    store::ScanOptions options;
    for (;;) {
        const auto items = co_await store.scan(space, options);
        for (const store::Item& item : items) {
            auto object = read(item.value);
            if (!object)
                throw store::Fault(store::Fault::Why::damaged,
                                   "a record of space " + std::string(store::space_name(space)) +
                                       " cannot be read");
            all.push_back(*std::move(object));
        }
        if (items.size() < options.limit) co_return all;
        options.from = items.back().key + '\0';
    }
}

}  // namespace pidge::directory
