// NOOP (RFC 5321 §4.1.1.9).
#include "protocols/smtp/server/commands/commands.h"

namespace pidge::smtp::commands {

net::Task<void> noop(Session& session, std::string_view) {
    session.reply(250, EnhancedStatus{2, 0, 0}, "Still here");
    co_return;
}

}  // namespace pidge::smtp::commands
