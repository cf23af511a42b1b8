// SimulatedCourier: the network and the remote servers behind it, in place of relay::SmtpCourier.
// Connections fail, close while they are idle and break in mid-message; replies get lost after the
// final dot, when the remote server has the message; servers are slow, busy, or refuse a recipient.
#pragma once

#include "services/relay/courier.h"
#include "simulation/world.h"

namespace pidge::simulation {

class SimulatedCourier final : public relay::Courier {
 public:
    explicit SimulatedCourier(World& world) : world_(world) {}
    net::Task<relay::Connected> connect(queue::Destination destination,
                                        std::vector<std::string> avoid) override;

 private:
    World& world_;
};

}  // namespace pidge::simulation
