// Thousands of random changes, in groups of random size, against the model. PIDGE_STORE_SEED
// repeats one run.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "base/text.h"
#include "system/store/conformance/fixture.h"
#include "system/store/conformance/model.h"
#include "system/store/due_key.h"
#include "system/store/limits.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::conformance;

namespace {

using Outcome = Model::Outcome;

net::Task<void> commit_one(Store& store, Change change, Outcome& outcome) {
    try {
        outcome = co_await store.commit(std::move(change));
    } catch (const Fault&) {
        outcome.reset();
    }
}

bool is_same(const Outcome& a, const Outcome& b) {
    if (a.has_value() != b.has_value()) return false;
    if (!a) return true;
    if (a->has_value() != b->has_value()) return false;
    if (!a->has_value()) return a->error().check == b->error().check;
    return (*a)->replayed == (*b)->replayed && (*a)->numbers == (*b)->numbers;
}

class Walk {
 public:
    Walk(Fixture& fixture, std::uint64_t seed) : fixture_(fixture), random_(seed) {}

    void run(int steps) {
        for (int step = 0; step < steps; ++step) {
            CAPTURE(step);
            switch (below(12)) {
                case 0:
                    take_leases();
                    break;
                case 1:
                    give_back();
                    break;
                default:
                    commit_group();
                    break;
            }
            if (step % 100 == 99) compare();
            if (below(80) == 0) {
                fixture_.reopen();
                model_.restart();
                compare();
            }
        }
        compare();
    }

 private:
    std::size_t below(std::size_t end) { return random_() % end; }
    Bytes key() { return std::to_string(below(30)); }
    Space space() { return below(2) == 0 ? Space::domain : Space::principal; }
    DueGroup group() { return group_of(std::string(1, static_cast<char>('a' + below(3)))); }
    WallTime time() { return start_of_tests() + std::chrono::seconds(below(50)); }

    Blob blob() {
        static constexpr std::size_t sizes[] = {0, 10, 5000, 60'000, 70'000, 300'000};
        const std::size_t which = below(24) < 22 ? below(4) : 4 + below(2);
        const Bytes bytes = random_bytes(sizes[which], which * 2 + below(2));
        Blob made = fixture_.upload(bytes);
        if (!made.upload.empty()) remember_upload(made.upload, bytes);
        return made;
    }

    void add_check(Change& change) {
        const Space in = space();
        const Bytes at = key();
        const auto known = model_.records().find({in, at});
        const bool is_there = known != model_.records().end();
        // Mostly such as hold, so that most changes go through; others of the group may have made
        // them wrong.
        if (below(12) == 0) return change.check_absent(in, at);
        if (below(12) == 0) return change.check_present(in, at);
        if (!is_there) return change.check_absent(in, at);
        if (below(2) == 0) return change.check_present(in, at);
        change.check_equals(in, at, known->second);
    }

    void add_operation(Change& change) {
        switch (below(13)) {
            case 0:
            case 1:
                change.put(space(), key(), random_bytes(below(400), random_()));
                break;
            case 2:
                change.put_new(space(), key(), "new");
                break;
            case 3:
                change.erase(space(), key());
                break;
            case 4:
                if (below(4) == 0) change.erase_range(space(), key(), below(9) ? key() : "");
                break;
            case 5:
                change.add(Space::counter, "sum", static_cast<std::int64_t>(below(7)) - 3);
                break;
            case 6: {
                const Number number = change.next(Space::counter, "n" + std::to_string(below(3)),
                                                  static_cast<std::uint32_t>(1 + below(4)));
                change.put(Space::queue, "q" + Bytes(8, '\0'), Bytes(8, '\0'),
                           {{Hole::In::key, 1, number}, {Hole::In::value, 0, number}});
                break;
            }
            case 7:
            case 8:
                change.append(below(2) ? "log" : "other", random_bytes(below(300), random_()));
                break;
            case 9:
            case 10:
                change.hold(blob());
                break;
            case 11: {
                if (model_.bodies().empty()) break;
                auto body = model_.bodies().begin();
                std::advance(body, below(model_.bodies().size()));
                change.drop(*BlobId::from_bytes(body->first));
                break;
            }
            default:
                if (below(4) == 0)
                    change.unschedule(group(), time(), key());
                else
                    change.schedule(group(), time(), key());
        }
    }

    Change make_change() {
        Change change;
        for (std::size_t i = below(3); i > 0; --i) add_check(change);
        if (!held_.empty() && below(2) == 0) {
            const std::size_t which = below(held_.size());
            change.finish(held_[which]);
            if (below(2) == 0) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
        }
        for (std::size_t i = below(6); i > 0; --i) add_operation(change);
        if (below(10) == 0) change.set_token("token" + std::to_string(below(20)));
        return change;
    }

    void commit_group() {
        std::vector<Change> changes;
        for (std::size_t i = 1 + below(8); i > 0; --i) changes.push_back(make_change());
        std::vector<Outcome> outcomes(changes.size());
        std::vector<net::Task<void>> tasks;
        for (std::size_t i = 0; i < changes.size(); ++i)
            tasks.push_back(commit_one(*fixture_.store, changes[i], outcomes[i]));
        net::run_blocking(std::move(tasks));
        for (std::size_t i = 0; i < changes.size(); ++i) {
            CAPTURE(i);
            REQUIRE(is_same(outcomes[i], model_.apply(changes[i])));
        }
    }

    void take_leases() {
        const DueGroup from = group();
        const WallTime now = time();
        const std::size_t limit = below(5);
        const auto got = fixture_.lease(from, now, limit);
        const auto expected = model_.lease(from, now, limit);
        REQUIRE(got.size() == expected.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            CHECK(got[i].item == expected[i].item);
            CHECK(got[i].due == expected[i].due);
        }
        model_.adopt(got);
        held_.insert(held_.end(), got.begin(), got.end());
    }

    void give_back() {
        if (held_.empty()) return;
        const Lease lease = held_[below(held_.size())];
        net::run_blocking(fixture_.store->release({lease}));
        model_.release(lease);
    }

    void compare() {
        // Point reads go another way than scans; first, while nothing is in the caches yet.
        for (const auto& [place, value] : model_.records())
            CHECK(fixture_.get(place.first, place.second) == value);
        Model::Records stored;
        for (const Space in : {Space::domain, Space::principal, Space::queue, Space::due})
            for (Item& item : fixture_.scan(in, {.limit = 100'000}))
                stored[{in, item.key}] = std::move(item.value);
        for (Item& item : fixture_.scan(Space::counter))
            if (!item.key.starts_with("log:"))
                stored[{Space::counter, item.key}] = std::move(item.value);
        REQUIRE((stored == model_.records()));
        for (const auto& [name, entries] : model_.logs())
            CHECK(verify_log(*fixture_.store, name) == entries.size());
        CHECK(fixture_.scan(Space::blob).size() == model_.bodies().size());
        for (const auto& [id, body] : model_.bodies())
            CHECK((fixture_.body(*BlobId::from_bytes(id)) == body.bytes));
        for (const Item& item : fixture_.scan(Space::audit, {.limit = 100'000})) {
            const auto& entries = model_.logs().at(item.key.substr(0, item.key.find('\0')));
            CHECK(read_log_value(item.value)->entry == entries.at(*log_number(item.key) - 1));
        }
    }

    Fixture& fixture_;
    std::mt19937_64 random_;
    Model model_;
    std::vector<Lease> held_;  // some of them void
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "Random changes in random groups answer and leave what the model does") {
    const char* const chosen = std::getenv("PIDGE_STORE_SEED");
    const std::uint64_t seed = chosen ? text::parse_u64(chosen).value() : 20261121;
    const char* const wanted = std::getenv("PIDGE_STORE_STEPS");
    CAPTURE(seed);
    Walk(*this, seed).run(wanted ? static_cast<int>(text::parse_u64(wanted).value()) : 1200);
}
