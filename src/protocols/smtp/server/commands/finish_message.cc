#include "protocols/smtp/server/commands/finish_message.h"

namespace pidge::smtp {

net::Task<void> finish_message(Session& session, Result<void> received) {
    if (received) {
        const Result<Accepted> accepted = co_await session.backend->end_body();
        if (accepted) {
            session.reply(250, EnhancedStatus{2, 0, 0}, "accepted " + accepted->queue_id);
            session.errors = session.idle_commands = 0;
        } else {
            session.reply(accepted.error());
        }
    } else {
        session.reply(received.error());
    }
    session.reset_transaction();
}

}  // namespace pidge::smtp
