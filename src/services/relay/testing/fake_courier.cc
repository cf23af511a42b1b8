#include "services/relay/testing/fake_courier.h"

#include "system/net/timer.h"

namespace pidge::relay::testing {

using Kind = queue::RecipientResult::Kind;

class FakeCourier::FakeLine final : public Line {
 public:
    FakeLine(FakeCourier& courier, std::string name) : courier_(courier), name_(std::move(name)) {
        info_ = {.host = "host." + name_, .address = name_ + "-address", .tls = ""};
        const int now_open = ++courier_.open[name_];
        courier_.open_most[name_] = std::max(courier_.open_most[name_], now_open);
    }
    ~FakeLine() override { --courier_.open[name_]; }

    net::Task<Delivery> deliver(const queue::Entry& entry, Body& body) override {
        const Site site = courier_.site(name_);
        Delivered delivered{entry.id, name_, {}};
        for (;;) {
            const Bytes piece = co_await body.next();
            if (piece.empty()) break;
            delivered.body += piece;
        }
        courier_.deliveries.push_back(std::move(delivered));
        ++messages_;
        if (site.hangs && !courier_.is_over) co_await courier_.let_go.wait();
        if (site.takes.count() > 0) co_await net::sleep_for(site.takes);
        if (site.answers) {
            if (auto delivery = site.answers(entry)) co_return *std::move(delivery);
        }
        Delivery delivery{.passed_reports_on = site.passes_reports_on};
        delivery.results.assign(entry.recipients.size(), result_of(site.answer));
        co_return delivery;
    }
    net::Task<void> quit() override {
        ++courier_.quits;
        co_return;
    }
    const LineInfo& info() const override { return info_; }
    bool is_used_up() const override {
        const std::uint32_t most = courier_.site(name_).messages_per_line;
        return most > 0 && messages_ >= most;
    }

    static queue::RecipientResult result_of(Kind kind) {
        switch (kind) {
            case Kind::accepted:
                return {kind, 250, {2, 0, 0}, "taken", "mx.example"};
            case Kind::temporary:
                return {kind, 451, {4, 2, 0}, "come again", "mx.example"};
            case Kind::permanent:
                return {kind, 550, {5, 1, 1}, "no such user", "mx.example", {{5, 1, 1}}};
        }
        return {};
    }

 private:
    FakeCourier& courier_;
    const std::string name_;
    LineInfo info_;
    std::uint32_t messages_ = 0;
};

net::Task<Connected> FakeCourier::connect(queue::Destination destination,
                                          std::vector<std::string>) {
    const std::string name = destination.text();
    ++connects[name];
    Connected connected;
    if (site(name).is_reachable)
        connected.line = std::make_unique<FakeLine>(*this, name);
    else
        connected.failure = {Kind::temporary, 0, {4, 4, 1}, site(name).failure, ""};
    co_return connected;
}

}  // namespace pidge::relay::testing
