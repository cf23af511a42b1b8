// HELO (RFC 5321 §4.1.1.1): as EHLO, without extensions.
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/server/commands/hello.h"

namespace pidge::smtp::commands {

net::Task<void> helo(Session& session, std::string_view argument) {
    if (const auto checked = check_hello(argument); !checked) {
        session.refuse(Verb::helo, checked.error());
        co_return;
    }
    session.forget_client();
    session.client.helo = argument;
    session.backend->client_is(session.client);
    session.reply(250, std::nullopt, session.options.host_name);
}

}  // namespace pidge::smtp::commands
