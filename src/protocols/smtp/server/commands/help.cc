// HELP (RFC 5321 §4.1.1.8).
#include "protocols/smtp/server/commands/commands.h"

namespace pidge::smtp::commands {

net::Task<void> help(Session& session, std::string_view) {
    // RFC 5321 §4.5.1: the one address that every server takes. Our host name may be no mail
    // domain.
    session.reply(214, EnhancedStatus{2, 0, 0}, "See RFC 5321; people read <postmaster> here");
    co_return;
}

}  // namespace pidge::smtp::commands
