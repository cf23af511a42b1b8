// FakeCourier: a world of destinations that do what a test says. All functions on one loop.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/relay/courier.h"
#include "system/net/event.h"

namespace pidge::relay::testing {

class FakeCourier final : public Courier {
 public:
    struct Site {
        bool is_reachable = true;
        std::string failure = "connection refused";  // why it is not
        queue::RecipientResult::Kind answer = queue::RecipientResult::Kind::accepted;
        bool passes_reports_on = false;
        std::uint32_t messages_per_line = 0;  // more are not taken on one line; 0: any number
        std::chrono::nanoseconds takes{0};
        bool hangs = false;  // deliveries wait for FakeCourier::let_go
        // Asked before `answer`; may be empty.
        std::function<std::optional<Delivery>(const queue::Entry&)> answers;
    };
    struct Delivered {
        queue::EntryId id;
        std::string destination;
        std::string body;
    };

    Site& site(const std::string& destination) { return sites_[destination]; }
    net::Event let_go;
    bool is_over = false;  // the scenario has ended: nothing hangs any more

    std::vector<Delivered> deliveries;  // attempts that reached the other side, in order
    std::map<std::string, int> connects, open, open_most;
    int quits = 0;

    net::Task<Connected> connect(queue::Destination destination,
                                 std::vector<std::string> avoid) override;

 private:
    class FakeLine;
    std::map<std::string, Site> sites_;
};

}  // namespace pidge::relay::testing
