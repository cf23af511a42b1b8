// EHLO (RFC 5321 §4.1.1.1): a new beginning, and what this server can do for this client.
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/server/commands/hello.h"

namespace pidge::smtp::commands {

net::Task<void> ehlo(Session& session, std::string_view argument) {
    if (const auto checked = check_hello(argument); !checked) {
        session.refuse(Verb::ehlo, checked.error());  // RFC 5321 §4.1.4: the state stays as it was
        co_return;
    }
    session.forget_client();
    session.client.helo = argument;
    session.client.is_extended = true;
    session.backend->client_is(session.client);
    std::string text = session.options.host_name + " greets you";
    for (const std::string& line : offered_extensions(session)) (text += '\n') += line;
    session.reply(250, std::nullopt, text);
}

}  // namespace pidge::smtp::commands
