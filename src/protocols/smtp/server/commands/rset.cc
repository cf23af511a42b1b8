// RSET (RFC 5321 §4.1.1.5): forgets the transaction, and nothing else.
#include "protocols/smtp/server/commands/commands.h"

namespace pidge::smtp::commands {

net::Task<void> rset(Session& session, std::string_view) {
    session.reset_transaction();
    session.reply(250, EnhancedStatus{2, 0, 0}, "Begin anew");
    co_return;
}

}  // namespace pidge::smtp::commands
