// STARTTLS (RFC 3207): a clean cut. Nothing that was said or sent before it counts after it
// (attacks.md F07).
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/wire/command.h"

namespace pidge::smtp::commands {

net::Task<void> starttls(Session& session, std::string_view argument) {
    if (!argument.empty()) {
        session.refuse(Verb::starttls, bad_argument("STARTTLS takes no argument"));
        co_return;
    }
    if (session.is_tls()) {
        session.refuse(Verb::starttls, out_of_sequence("TLS is in use already"));
        co_return;
    }
    if (!session.options.start_tls) {
        session.refuse(Verb::starttls, not_offered("STARTTLS is not offered"));
        co_return;
    }
    session.forget_client();
    session.client = ClientState();
    session.reply(220, EnhancedStatus{2, 0, 0}, "Ready for TLS");
    co_await session.channel.flush();
    std::unique_ptr<net::Stream> plain = session.channel.take_stream();
    std::unique_ptr<net::Stream> secured = co_await session.options.start_tls(std::move(plain));
    session.channel.set_stream(std::move(secured));
    if (const net::TlsInfo* tls = session.channel.stream().tls()) session.client.tls = *tls;
    session.backend->client_is(session.client);
}

}  // namespace pidge::smtp::commands
