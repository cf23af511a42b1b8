// GroupState: what lies below the overlay of a group: the rows that its transaction has read and
// locked, and the leases among them. Internal to the engine; used by one thread, for one attempt.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "system/store/leases.h"
#include "system/store/overlay.h"
#include "system/store/postgres/gathering.h"
#include "system/store/postgres/values.h"

namespace pidge::store::postgres {

class GroupState final : public Base, public LeaseGate {
 public:
    // Reads and locks a row that nobody foresaw.
    using Fetch = std::function<std::optional<Bytes>(Space, std::string_view key)>;
    // Whether there is a row from one key on and before another.
    using Look = std::function<bool(Space, std::string_view from, std::string_view to)>;
    GroupState(Fetch fetch, Look look) : fetch_(std::move(fetch)), look_(std::move(look)) {}

    void expect(Space space, const Gathering::Keys& keys);  // all absent, until rows say otherwise
    void take(Space space, const Rows& rows);               // k, v
    void take_due(const Rows& rows);                        // k, v, fence, lasts, is held
    void forget(Space space, std::string_view key);         // take it for absent
    // Whether the row was looked for and not there: then it must be new when it is written.
    bool is_known_absent(Space space, std::string_view key) const;

    std::optional<Bytes> find(Space space, std::string_view key) override;
    bool has_between(Space space, std::string_view from, std::string_view to) override {
        return look_(space, from, to);
    }
    void note_free(Space space, std::string_view key) override { forget(space, key); }
    bool begin_finish(std::string_view key, std::uint64_t fence) override;
    bool begin_removal(std::string_view key) override;
    void kept(std::string_view key) override;

 private:
    struct Lease {
        std::uint64_t fence = 0;
        bool lasts = false;    // it has not expired: its holder may commit an outcome
        bool is_held = false;  // besides, its holder is alive: nobody else may have the item
        bool is_finishing = false;
    };
    const Fetch fetch_;
    const Look look_;
    std::map<Space, std::map<Bytes, std::optional<Bytes>, std::less<>>> rows_;
    std::map<Bytes, Lease, std::less<>> leases_;
};

}  // namespace pidge::store::postgres
