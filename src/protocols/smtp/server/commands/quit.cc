// QUIT (RFC 5321 §4.1.1.10).
#include "protocols/smtp/server/commands/commands.h"

namespace pidge::smtp::commands {

net::Task<void> quit(Session& session, std::string_view) {
    session.reset_transaction();
    session.reply_and_close(221, EnhancedStatus{2, 0, 0}, "Goodbye");
    co_return;
}

}  // namespace pidge::smtp::commands
