#include "simulation/simulated_courier.h"

#include <fmt/format.h>

#include <algorithm>

#include "system/net/gone.h"
#include "system/net/timer.h"

namespace pidge::simulation {

using namespace std::chrono_literals;
using queue::RecipientResult;
using relay::Delivery;
using Kind = RecipientResult::Kind;

namespace {

RecipientResult temporary(const char* text) {
    return {Kind::temporary, 0, {4, 4, 2}, text, "remote.example"};
}

bool is_refused(const std::string& recipient) {
    return recipient.starts_with("nobody");
}

class SimulatedLine final : public relay::Line {
 public:
    SimulatedLine(World& world, std::string destination)
        : world_(world), destination_(std::move(destination)) {
        info_ = {.host = "host." + destination_, .address = destination_ + "-1", .tls = ""};
    }

    net::Task<Delivery> deliver(const queue::Entry& entry, relay::Body& body) override {
        if (messages_++ > 0 && world_.chance.one_in(10))
            co_return Delivery{.line = Delivery::Line::stale};
        world_.tell(fmt::format("attempt {} of {}", entry.attempts + 1, entry.id.text()));
        world_.ledger.attempted(entry);
        const Mood::Kind mood = world_.mood(destination_);
        co_await pause(mood == Mood::Kind::slow ? 3min : 50ms);
        std::string text;
        for (;;) {
            const Bytes piece = co_await body.next();
            if (piece.empty()) break;
            text += piece;
        }
        if (mood == Mood::Kind::cutting && world_.chance.one_in(3))
            co_return all(entry, temporary("the connection broke"), Delivery::Line::another);
        if (world_.sabotage == Sabotage::settles_early && world_.chance.one_in(8))
            co_return all(entry, {Kind::accepted, 250, {2, 0, 0}, "will do", "remote.example"},
                          Delivery::Line::usable);
        co_await pause(mood == Mood::Kind::slow ? 3min : 20ms);
        Delivery delivery;
        const std::size_t first = take(entry, text, mood, delivery);
        const std::size_t last = taken_;
        world_.moment("when a remote server has the message");
        co_await pause(mood == Mood::Kind::slow ? 3min : 20ms);
        if (mood == Mood::Kind::cutting && world_.chance.one_in(2)) {
            world_.tell(fmt::format("the reply to {} is lost", entry.id.text()));
            co_return all(entry, temporary("the connection broke before the reply"),
                          Delivery::Line::ended);
        }
        for (std::size_t i = first; i < last; ++i) world_.ledger.copy(i).is_reply_lost = false;
        world_.moment("when the reply is here");
        co_return delivery;
    }

    net::Task<void> quit() override {
        try {
            co_await pause(10ms);
        } catch (const net::Gone&) {
            // The process ends.
        }
    }
    const relay::LineInfo& info() const override { return info_; }

 private:
    net::Task<void> pause(std::chrono::microseconds most) {
        return net::sleep_for(world_.chance.between(1us, most));
    }

    static Delivery all(const queue::Entry& entry, RecipientResult result, Delivery::Line line) {
        Delivery delivery{.line = line};
        delivery.results.assign(entry.recipients.size(), std::move(result));
        return delivery;
    }

    // The final dot is there: the server decides about each recipient. The copies it took are
    // numbered from what is returned up to taken_.
    std::size_t take(const queue::Entry& entry, const std::string& text, Mood::Kind mood,
                     Delivery& delivery) {
        const std::string id = entry.id.text();
        std::size_t first = SIZE_MAX;
        for (const queue::Recipient& recipient : entry.recipients) {
            const std::string to = recipient.address.text();
            const bool is_busy =
                mood == Mood::Kind::busy || (mood == Mood::Kind::mixed && world_.chance.one_in(2));
            if (is_busy) {
                delivery.results.push_back(
                    {Kind::temporary, 451, {4, 2, 0}, "come again", "remote.example"});
                continue;
            }
            if (is_refused(to)) {
                world_.ledger.refused(id, to);
                delivery.results.push_back(
                    {Kind::permanent, 550, {5, 1, 1}, "no such user", "remote.example"});
                continue;
            }
            check_text(entry, to, text);
            world_.tell(fmt::format("{} has {}", to, id));
            const std::size_t copy = world_.ledger.took({id, to, world_.life});
            first = std::min(first, copy);
            taken_ = copy + 1;
            delivery.results.push_back({Kind::accepted, 250, {2, 0, 0}, "taken", "remote.example"});
        }
        return std::min(first, taken_);
    }

    void check_text(const queue::Entry& entry, const std::string& to, const std::string& text) {
        const std::string* const sent = world_.ledger.text_for(to);
        if (!entry.sender)
            world_.ledger.took_report(entry.id.text(), text);
        else if (!sent || !text.ends_with(sent->substr(sent->find("From: "))) ||
                 !text.starts_with("Received: "))  // policy may put the date right
            world_.ledger.complain(fmt::format("{} got something else than was sent", to));
    }

    World& world_;
    const std::string destination_;
    relay::LineInfo info_;
    int messages_ = 0;
    std::size_t taken_ = 0;
};

}  // namespace

net::Task<relay::Connected> SimulatedCourier::connect(queue::Destination destination,
                                                      std::vector<std::string> avoid) {
    const std::string name = destination.text();
    co_await net::sleep_for(world_.chance.between(1us, 50ms));
    const Mood::Kind mood = world_.mood(name);
    relay::Connected connected;
    const bool is_tried = std::ranges::find(avoid, name + "-1") != avoid.end();
    if (mood == Mood::Kind::unreachable || is_tried) {
        if (mood == Mood::Kind::unreachable)
            co_await net::sleep_for(world_.chance.between(1us, 30s));
        connected.failure = {Kind::temporary, 0, {4, 4, 1}, "connection refused", ""};
    } else {
        connected.line = std::make_unique<SimulatedLine>(world_, name);
    }
    co_return connected;
}

}  // namespace pidge::simulation
