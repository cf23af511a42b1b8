#include "simulation/world.h"

#include <fmt/format.h>

namespace pidge::simulation {

using namespace std::chrono_literals;

namespace {

relay::RelayOptions relay_options_of(const Plan& plan) {
    relay::RelayOptions options;
    options.own_name = "mx.site.example";
    options.postmaster = address::Mailbox{.local_part = "postmaster", .domain = "site.example"};
    options.lease_duration = plan.lease_duration;
    return options;
}

}  // namespace

Plan Plan::draw(Chance& chance) {
    Plan plan;
    plan.messages = static_cast<int>(chance.between(1, 10));
    constexpr std::chrono::nanoseconds troubles[] = {1min, 1h, 12h, 72h};
    plan.trouble = troubles[chance.below(std::size(troubles))];
    plan.cut_one_in = chance.one_in(4) ? 0 : chance.between(5, 60);
    plan.cuts_most = static_cast<int>(chance.between(1, 6));
    plan.full_one_in = chance.one_in(5) ? chance.between(10, 40) : 0;
    plan.failed_sync_one_in = chance.one_in(5) ? chance.between(20, 80) : 0;
    plan.step_one_in = chance.one_in(8) ? chance.between(10, 100) : 0;
    plan.sync_most = chance.one_in(8) ? 500ms : 20ms;
    plan.relays = chance.one_in(4) ? 2 : 1;
    plan.lease_duration = relay::limits::lease_duration;
    if (chance.one_in(4)) plan.lease_duration = std::chrono::seconds(chance.between(30, 300));
    plan.domains = static_cast<int>(chance.between(1, 5));
    plan.dead_domains = chance.one_in(3) ? 1 : 0;
    return plan;
}

World::World(std::uint64_t seed, Sabotage the_sabotage,
             const std::vector<SimulatedDisk::Written>& image)
    : chance(seed),
      plan(Plan::draw(chance)),
      sabotage(the_sabotage),
      relay_options(relay_options_of(plan)),
      ledger(clock, relay_options.retry),
      disk(std::make_shared<SimulatedDisk>(image)) {
    ledger.are_leases_short = plan.lease_duration < 1h;
    disk->syncs = sabotage != Sabotage::no_sync;
    disk->at = [this](SimulatedDisk::Moment moment_of_write) {
        if (moment_of_write == SimulatedDisk::Moment::after_sync) return moment("after a sync");
        before_commit();
    };
    disk->on_kept = [this](std::span<const store::Write> writes) { ledger.wrote(writes); };
    disk->on_synced = [this](std::span<const store::Write> writes) {
        for (const store::Write& write : writes) {
            trace.take(write.key);
            trace.take(write.value);
        }
        tell(fmt::format("committed {} writes", writes.size()));
        ledger.wrote(writes);
    };
}

void World::before_commit() {
    if (is_troubled() && plan.full_one_in != 0 && chance.one_in(plan.full_one_in)) {
        disk->full_writes = static_cast<int>(chance.between(1, 20));
        disk->full_looks = static_cast<int>(chance.between(0, 30));
        tell("the disk is full");
    }
    if (is_troubled() && plan.failed_sync_one_in != 0 && chance.one_in(plan.failed_sync_one_in)) {
        disk->sync_fails = true;
        tell("a sync fails");
    }
    moment("before a write");
}

void World::moment(const char* where) {
    if (!is_troubled() || plan.cut_one_in == 0 || cuts >= plan.cuts_most) return;
    if (chance.one_in(plan.cut_one_in)) cut(where);
}

void World::cut(const char* where) {
    if (is_over) return;
    ++cuts;
    tell(fmt::format("the power goes {}", where));
    disk->cut();
    ledger.life_ended_badly(life);
    is_over = true;
}

Mood::Kind World::mood(const std::string& destination) {
    if (destination.starts_with("mx:dead")) return Mood::Kind::unreachable;
    if (!is_troubled()) return Mood::Kind::well;
    Mood& mood = moods_[destination];
    if (mood.until < clock.elapsed()) {
        mood.kind = chance.one_in(3) ? Mood::Kind::well : Mood::Kind(chance.below(6));
        mood.until = clock.elapsed() + chance.between(1s, chance.one_in(2) ? 10min : 24h);
        tell(fmt::format("{} is now {}", destination, static_cast<int>(mood.kind)));
    }
    return mood.kind;
}

void World::tell(std::string_view what) {
    const auto now = clock.elapsed();
    trace.add(fmt::format("{:.6f} {}", std::chrono::duration<double>(now).count(), what));
}

}  // namespace pidge::simulation
