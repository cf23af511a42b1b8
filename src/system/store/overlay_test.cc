#include <doctest/doctest.h>

#include <map>

#include "system/store/overlay.h"
#include "system/store/store.h"

using namespace pidge;
using namespace pidge::store;

namespace {

// What is stored, read over a disk or in a memory that fails at times.
class ShakyBase final : public Base {
 public:
    std::optional<Bytes> find(Space, std::string_view key) override {
        if (failures > 0) {
            --failures;
            throw Fault(Fault::Why::unavailable, "the store cannot be read");
        }
        const auto found = stored.find(Bytes(key));
        return found == stored.end() ? std::nullopt : std::optional(found->second);
    }
    bool has_between(Space, std::string_view from, std::string_view to) override {
        const auto first = stored.lower_bound(Bytes(from));
        return first != stored.end() && first->first < to;
    }

    std::map<Bytes, Bytes> stored{{"end", "54"}};
    int failures = 0;
};

}  // namespace

TEST_CASE("[C4] What could not be read is not taken for absent by the changes that follow") {
    ShakyBase base;
    Overlay overlay(base);
    base.failures = 1;
    CHECK_THROWS_AS(overlay.get(Space::counter, "end"), Fault);
    overlay.undo();
    const Bytes* const value = overlay.get(Space::counter, "end");
    REQUIRE(value != nullptr);
    CHECK(*value == "54");
}

TEST_CASE("What is undone is as it was: read anew, or as an earlier change left it") {
    ShakyBase base;
    Overlay overlay(base);
    overlay.put(Space::counter, "kept", "1");
    overlay.keep();
    overlay.put(Space::counter, "kept", "2");
    overlay.put(Space::counter, "end", "55");
    overlay.put(Space::counter, "new", "x");
    overlay.erase_range(Space::counter, "k", "o");
    CHECK(overlay.get(Space::counter, "kept") == nullptr);
    overlay.undo();
    CHECK(*overlay.get(Space::counter, "kept") == "1");
    CHECK(*overlay.get(Space::counter, "end") == "54");
    CHECK(overlay.get(Space::counter, "new") == nullptr);
    REQUIRE(overlay.writes().size() == 1);
    CHECK(overlay.writes().front().value == "1");
}
