// VRFY (RFC 5321 §3.5.3, §7.3): tells nothing about who is here (attacks.md R07).
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/wire/command.h"

namespace pidge::smtp::commands {

net::Task<void> vrfy(Session& session, std::string_view argument) {
    if (argument.empty())
        session.refuse(Verb::vrfy, bad_argument("VRFY takes a name"));
    else
        session.reply(252, EnhancedStatus{2, 0, 0}, "Send a message and see");
    co_return;
}

}  // namespace pidge::smtp::commands
