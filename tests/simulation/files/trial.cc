#include "simulation/files/trial.h"

#include <fmt/format.h>

#include "simulation/files/expected.h"
#include "simulation/files/lossy_files.h"
#include "simulation/inline_hands.h"
#include "simulation/simulated_clock.h"
#include "system/net/spawn.h"
#include "system/store/rocksdb/rocks_table.h"
#include "system/store/table_store.h"

namespace pidge::simulation {

using store::Fault;

namespace {

class Trial {
 public:
    Trial(std::uint64_t seed, std::string directory, FilesSabotage sabotage)
        : chance_(seed),
          directory_(std::move(directory)),
          files_(std::make_shared<LossyFiles>(directory_)) {
        files_->syncs_files = sabotage != FilesSabotage::no_sync;
        files_->syncs_directory = sabotage != FilesSabotage::no_directory_sync;
    }

    FilesOutcome run() {
        const std::uint64_t lives = chance_.between(2, 6);
        for (std::uint64_t life = 0; life <= lives && outcome_.complaints.empty(); ++life) {
            is_last_ = life == lives;
            last_loss_ = loss_;
            loss_ = static_cast<Loss>(chance_.below(losses));
            live();
            outcome_.torn_recoveries += loss_ == Loss::torn || loss_ == Loss::reordered;
            ++outcome_.cuts;
            files_->power_on();
        }
        return std::move(outcome_);
    }

 private:
    void complain(std::string what) {
        outcome_.complaints.push_back(
            fmt::format("after {} cuts, the last with loss {}, and {} commits: {}", outcome_.cuts,
                        static_cast<int>(last_loss_), expected_.commits(), what));
    }

    LossyFiles::Faults draw_faults() {
        LossyFiles::Faults faults{.loss = loss_};
        // Mostly the power goes before the work is done; now and then something else happens first.
        if (!chance_.one_in(8))
            faults.power_after =
                chance_.one_in(2) ? chance_.between(1, 60) : chance_.between(1, 600);
        switch (chance_.below(16)) {
            case 0:
                faults.sync_fails_after = chance_.between(1, 60);
                break;
            case 1:
                faults.write_short_after = chance_.between(1, 80);
                break;
            case 2:
                faults.read_fails_one_in = chance_.between(5, 100);
                break;
            case 3:
                faults.full_after = chance_.between(1, 80);
                faults.full_writes = chance_.between(1, 6);
                break;
            default:
                break;
        }
        return faults;
    }

    // One life of a store: from being opened until the power goes.
    void live() {
        const bool dies_early = !is_last_ && chance_.one_in(10);
        files_->set_faults({.power_after = dies_early ? chance_.between(1, 30) : 0, .loss = loss_},
                           chance_.next());
        const store::RocksOptions options{
            .path = directory_, .cache_bytes = 1 << 20, .memtable_bytes = 64 << 10};
        auto table = store::RocksTable::open(options, files_);
        if (!table) {
            if (!files_->is_cut()) complain("it cannot be opened: " + table.error().text);
            return;
        }
        if (const std::string loss = (*table)->loss(); !loss.empty())
            complain("what a power cut left was taken for damage: " + loss);
        InlineHands hands;
        {
            store::TableStore store(store::embedded_engine(*table, clock_, &hands), clock_);
            table = Refusal{};  // the store holds it now
            net::run(work(store, hands), net::TimeSource::simulated);
            files_->cut();
        }
    }

    net::Task<void> work(store::Store& store, InlineHands& hands) {
        try {
            if (files_->is_cut()) co_return;
            co_await check(store);
            hands.keep_up();
        } catch (const Fault& fault) {
            if (!files_->is_cut()) complain(std::string("it cannot be read: ") + fault.what());
            co_return;
        }
        if (is_last_ || !outcome_.complaints.empty()) co_return;
        if (!files_->is_cut()) files_->set_faults(draw_faults(), chance_.next());
        for (std::uint64_t left = chance_.between(1, 150); left > 0; --left) {
            if (co_await commit(store, hands)) continue;
            outcome_.faults_hit += files_->has_hit();
            co_return;
        }
        outcome_.faults_hit += files_->has_hit();
    }

    // What was recovered is a prefix of what was committed, with all that was acknowledged.
    net::Task<void> check(store::Store& store) {
        const std::uint64_t there = co_await commits_in(store);
        if (pending_ && there == pending_->commits) expected_.advance(*pending_);
        pending_.reset();
        if (there != expected_.commits()) {
            complain(fmt::format("{} commits are there", there));
            co_return;
        }
        if (const auto wrong = co_await expected_.compare(store)) complain(*wrong);
    }

    // False: the life is over.
    net::Task<bool> commit(store::Store& store, InlineHands& hands) {
        auto why = Fault::Why::unavailable;
        try {
            pending_ = co_await expected_.next(store, chance_);
            const auto committed = co_await store.commit(pending_->change);
            if (!committed) {
                complain("a change was in conflict");
                co_return false;
            }
            if (files_->is_cut()) co_return false;
            expected_.advance(*pending_);
            pending_.reset();
            ++outcome_.acknowledged;
            co_return true;
        } catch (const Fault& fault) {
            why = fault.why;
        }
        co_return co_await go_on_after(why, store, hands);
    }

    net::Task<bool> go_on_after(Fault::Why why, store::Store& store, InlineHands& hands) {
        if (files_->is_cut()) co_return false;
        if (!files_->has_hit()) complain("it fails although nothing does");
        if (why == Fault::Why::unavailable) {
            pending_.reset();  // a read failed: nothing was done
            co_return true;
        }
        if (why == Fault::Why::full) {
            ++outcome_.full;
            pending_.reset();  // nothing was done
            files_->make_space();
            hands.keep_up();
            co_return true;
        }
        // Final: whatever is tried now fails.
        bool is_final = false;
        try {
            store::Change change;
            change.put(store::Space::queue, "later", "x");
            (void)co_await store.commit(std::move(change));
        } catch (const Fault& fault) {
            is_final = fault.why == Fault::Why::failed;
        }
        if (!is_final && !files_->is_cut()) complain("a failed write or sync was not final");
        co_return false;
    }

    Chance chance_;
    const std::string directory_;
    const std::shared_ptr<LossyFiles> files_;
    SimulatedClock clock_;
    Expected expected_;
    std::shared_ptr<Expected::Step> pending_;
    FilesOutcome outcome_;
    Loss loss_ = Loss::everything, last_loss_ = loss_;
    bool is_last_ = false;
};

}  // namespace

FilesOutcome try_files(std::uint64_t seed, const std::string& directory, FilesSabotage sabotage) {
    return Trial(seed, directory, sabotage).run();
}

}  // namespace pidge::simulation
