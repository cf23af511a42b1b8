// EXPN (RFC 5321 §3.5.2, §7.3): the members of a list are nobody's business.
#include "protocols/smtp/server/commands/commands.h"

namespace pidge::smtp::commands {

net::Task<void> expn(Session& session, std::string_view) {
    session.refuse(Verb::expn, not_offered("EXPN is not offered"));
    co_return;
}

}  // namespace pidge::smtp::commands
