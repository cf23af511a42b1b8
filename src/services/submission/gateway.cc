#include "services/submission/gateway.h"

#include "services/submission/session.h"

namespace pidge::submission {

namespace {
// attacks.md R07: a thousand guesses from one network learn at most ten answers in ten minutes.
constexpr GuardLimits guessing_limits{
    .per_window = 10, .window = std::chrono::minutes(10), .per_day = 100};
}  // namespace

Gateway::Gateway(GatewayParts parts, GatewayOptions options)
    : parts_(std::move(parts)), rates_(parts_.clock), guessing_(parts_.clock, guessing_limits) {
    set_options(std::move(options));
}

std::unique_ptr<smtp::BackendSession> Gateway::session(smtp::Connection connection) {
    return std::make_unique<Session>(*this, std::move(connection));
}

void Gateway::set_options(GatewayOptions options) {
    options_.store(std::make_shared<const GatewayOptions>(std::move(options)));
}

}  // namespace pidge::submission
