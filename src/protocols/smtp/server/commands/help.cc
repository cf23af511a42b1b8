// HELP (RFC 5321 §4.1.1.8).
#include "protocols/smtp/server/commands/commands.h"

namespace pidge::smtp::commands {

net::Task<void> help(Session& session, std::string_view) {
    session.reply(214, EnhancedStatus{2, 0, 0},
                  "See RFC 5321; people are at postmaster@" + session.options.host_name);
    co_return;
}

}  // namespace pidge::smtp::commands
