// The commands of SMTP, one file each. A handler is called when the command table (server/table.h)
// allows its verb in the state of the session; it makes exactly one reply, or closes. `argument` is
// void after the next read.
#pragma once

#include <string_view>

#include "protocols/smtp/server/session/session.h"

namespace pidge::smtp::commands {

net::Task<void> helo(Session& session, std::string_view argument);
net::Task<void> ehlo(Session& session, std::string_view argument);
net::Task<void> mail(Session& session, std::string_view argument);
net::Task<void> rcpt(Session& session, std::string_view argument);
net::Task<void> data(Session& session, std::string_view argument);
// Is called in every state: a refused chunk has a payload too.
net::Task<void> bdat(Session& session, std::string_view argument);
net::Task<void> rset(Session& session, std::string_view argument);
net::Task<void> noop(Session& session, std::string_view argument);
net::Task<void> vrfy(Session& session, std::string_view argument);
net::Task<void> expn(Session& session, std::string_view argument);
net::Task<void> help(Session& session, std::string_view argument);
net::Task<void> quit(Session& session, std::string_view argument);
net::Task<void> starttls(Session& session, std::string_view argument);
net::Task<void> auth(Session& session, std::string_view argument);

}  // namespace pidge::smtp::commands
