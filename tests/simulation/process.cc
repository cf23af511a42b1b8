#include "simulation/process.h"

#include <fmt/format.h>

#include "mail/policy/route.h"
#include "mail/queue/entry.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"
#include "system/store/due_key.h"
#include "system/store/table_store.h"

namespace pidge::simulation {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

// By then everything has been delivered, refused or given up, whatever happened before.
constexpr nanoseconds end_of_patience = std::chrono::hours(24 * 25);
constexpr nanoseconds leap_longest = 6h;
constexpr const char* log_name = "audit.site.example/n1";

}  // namespace

Process::Process(World& world, submission::Authenticator& authenticator,
                 std::vector<Client>& clients)
    : world_(world), authenticator_(authenticator), clients_(clients), courier_(world) {}

WatchedStore::Betrayal Process::betrayal() const {
    if (world_.sabotage == Sabotage::ignores_fence) return WatchedStore::Betrayal::ignores_fence;
    if (world_.sabotage == Sabotage::answers_at_once)
        return WatchedStore::Betrayal::answers_at_once;
    return WatchedStore::Betrayal::none;
}

void Process::start() {
    hands_ = std::make_unique<LoopHands>(*loop_, world_.chance, world_.plan.sync_most);
    store_ = std::make_unique<WatchedStore>(
        std::make_unique<store::TableStore>(
            store::embedded_engine(world_.disk, world_.clock, hands_.get()), world_.clock),
        world_.clock, betrayal(),
        WatchedStore::Watcher{
            .complain = [this](const std::string& what) { world_.ledger.complain(what); },
            .came_too_late =
                [this](const Bytes& item) {
                    if (const auto id = queue::EntryId::from_key(item))
                        world_.ledger.came_too_late(id->text());
                }});
    directory_ = std::make_unique<directory::Directory>(*store_, world_.clock);
    trail_ = std::make_unique<audit::Trail>(*store_, world_.clock, log_name);
    gateway_ = std::make_unique<submission::Gateway>(
        submission::GatewayParts{*store_, *directory_, *trail_, authenticator_, world_.clock,
                                 [this](queue::Entry entry) {
                                     if (relays_.empty()) return;  // the process is ending
                                     const auto& relay =
                                         relays_[world_.chance.below(relays_.size())];
                                     if (!world_.chance.one_in(10))  // it is only a hint
                                         relay->offer(std::move(entry));
                                 }},
        submission::GatewayOptions{.hostname = "mx.site.example", .node = "n1"});
    for (int i = 0; i < world_.plan.relays; ++i)
        relays_.push_back(std::make_unique<relay::Relay>(
            relay::RelayParts{
                .store = *store_,
                .clock = world_.clock,
                .trail = *trail_,
                .courier = courier_,
                .loops = {loop_.get()},
                .route = [this](const address::Mailbox& to) -> std::optional<queue::Destination> {
                    return policy::destination_for(*directory_->site(), to);
                },
                .is_ours = [](const std::string& domain) { return domain == "site.example"; }},
            world_.relay_options));
}

bool Process::live() {
    ++world_.life;
    world_.is_over = false;
    world_.disk->power_on(world_.chance);
    loop_ = std::make_unique<net::Loop>(net::TimeSource::simulated);
    world_.clock.follow(*loop_);
    world_.tell(fmt::format("life {} begins", world_.life));
    start();
    ends_ = world_.is_troubled() ? world_.clock.elapsed() + world_.chance.between(1s, 24h)
                                 : nanoseconds::max();
    net::spawn(*loop_, "driver", drive());
    loop_->run_until(world_.is_over);

    // Also when that was in its last moments.
    if (world_.disk->has_failed()) world_.ledger.life_ended_badly(world_.life);
    // What still runs finds the disk gone, or does what it was doing; then it is interrupted.
    hands_->finish();
    relays_.clear();
    world_.clock.stop_following();
    loop_.reset();
    gateway_.reset();
    trail_.reset();
    directory_.reset();
    store_.reset();
    for (Client& client : clients_) {
        if (!std::exchange(client.is_at_it, false)) continue;
        client.next_try = world_.clock.elapsed() + world_.chance.between(1s, 5min);
    }
    world_.clock.leap(world_.chance.one_in(10) ? world_.chance.between(1min, 12h)
                                               : world_.chance.between(100ms, 10s));
    return is_judged_;
}

net::Task<void> Process::drive() {
    co_await directory_->reload();
    for (const auto& relay : relays_) relay->start();
    while (!world_.is_over) {
        co_await net::sleep_for(world_.chance.between(1ms, 400ms));
        co_await look();
    }
}

bool Process::is_idle() const {
    if (!hands_->is_idle()) return false;
    for (const Client& client : clients_)
        if (client.is_at_it) return false;
    for (const auto& relay : relays_)
        if (relay->status().destinations.running > 0 || !relay->status().has_swept) return false;
    return true;
}

bool Process::is_done() const {
    for (const Client& client : clients_)
        if (!client.is_done) return false;
    return world_.disk->scan(store::Space::queue, {.limit = 1}, nullptr, store::Effort::may_wait)
        ->empty();
}

net::Task<void> Process::look() {
    if (world_.is_over) co_return;
    if (world_.disk->has_failed()) {
        // Final: the program must be started anew.
        world_.tell("the store has failed");
        world_.is_over = true;
        co_return;
    }
    world_.moment("at some time");
    start_clients();
    step_clock();
    if (world_.clock.elapsed() > ends_) {
        for (const auto& relay : relays_) co_await relay->drain();
        world_.tell("an orderly end");
        world_.is_over = true;
        co_return;
    }
    if (!is_idle()) co_return;
    const bool is_stuck = world_.clock.elapsed() > end_of_patience;
    if (is_stuck) world_.ledger.complain("the queue does not become empty");
    if (is_stuck || (!world_.is_troubled() && is_done())) {
        co_await judge();
        world_.is_over = true;
        co_return;
    }
    leap();
}

void Process::start_clients() {
    for (Client& client : clients_) {
        if (client.is_done || client.is_at_it || client.next_try > world_.clock.elapsed()) continue;
        client.is_at_it = true;
        net::spawn(*loop_, "client", submit(world_, *gateway_, client));
    }
}

void Process::step_clock() {
    if (!world_.is_troubled() || world_.plan.step_one_in == 0) return;
    if (!world_.chance.one_in(world_.plan.step_one_in)) return;
    constexpr std::chrono::microseconds steps[] = {1s, -1s, 1h, -1h, 144h, -87'600h};
    const auto step = steps[world_.chance.below(std::size(steps))];
    if (step < -1h && world_.clock.steps() > 5) return;  // no machine believes in 1899
    world_.tell(fmt::format("the clock steps by {} s", step / 1s));
    world_.clock.step_wall(step);
}

// When something will happen by itself, as far as the disk and the clients tell.
nanoseconds Process::until_next() const {
    nanoseconds next = leap_longest;
    const auto items = *world_.disk->scan(store::Space::due, {}, nullptr, store::Effort::may_wait);
    for (const store::Item& item : items)
        if (const auto due = store::read_due_key(item.key))
            next = std::min<nanoseconds>(next, due->due - world_.clock.now());
    for (const Client& client : clients_)
        if (!client.is_done) next = std::min(next, client.next_try - world_.clock.elapsed());
    return next;
}

// Nothing is under way: time passes at once.
void Process::leap() {
    const nanoseconds next = until_next();
    world_.clock.leap(next > 0s ? next + world_.chance.between(0us, 1s)
                                : world_.chance.between(1s, 1min));  // a pause must end first
    for (const auto& relay : relays_) relay->look();
}

net::Task<void> Process::judge() {
    const audit::Verdict verdict = co_await trail_->verify();
    if (verdict.kind != audit::Verdict::Kind::sound) world_.ledger.complain(verdict.text);
    audit::Query all{.limit = SIZE_MAX};
    all.order = audit::Query::Order::oldest_first;
    const auto entries = co_await trail_->search(std::move(all));
    world_.ledger.judge(entries);
    const auto bodies = co_await store_->scan(store::Space::blob, {}, nullptr);
    if (!bodies.empty()) world_.ledger.complain("a body is left that nothing holds");
    const auto due = co_await store_->scan(store::Space::due, {}, nullptr);
    if (!due.empty()) world_.ledger.complain("a due record is left without an entry");
    world_.tell(fmt::format("judged after {} entries", entries.size()));
    is_judged_ = true;
}

}  // namespace pidge::simulation
