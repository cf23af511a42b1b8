// AUTH (RFC 4954): who the client is. Only within TLS; before it, nothing after the verb is looked
// at (attacks.md T01).
#include "base/text.h"
#include "protocols/sasl/server_exchange.h"
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/server/commands/hello.h"

namespace pidge::smtp::commands {
namespace {

using Step = sasl::ServerExchange::Step;

Refusal syntax_refusal(std::string_view text) {
    return {.kind = Refusal::Kind::syntax,
            .text = std::string(text),
            .status = {5, 5, 2},
            .reply_code = 501};
}

Result<std::string> decode(std::string_view text) {
    auto decoded = text::from_base64(text);
    if (!decoded) return syntax_refusal("That is not base64");
    return std::move(*decoded);
}

// RFC 4954 §4: "=" stands for an empty initial response.
Result<std::optional<std::string>> initial_response(std::string_view text) {
    if (text.empty()) return std::optional<std::string>();
    if (text == "=") return std::optional<std::string>("");
    std::string decoded = TRY(decode(text));
    return std::optional<std::string>(std::move(decoded));
}

Result<sasl::Mechanism> choose(const Session& session, std::string_view name) {
    const auto offered = offered_mechanisms(session);
    const auto mechanism = sasl::mechanism_of(name);
    if (!mechanism || std::find(offered.begin(), offered.end(), *mechanism) == offered.end())
        return Refusal{.kind = Refusal::Kind::unsupported,
                       .text = "This mechanism is not offered",
                       .status = {5, 5, 4},
                       .reply_code = 504};
    return *mechanism;
}

// Whether AUTH makes sense now, whatever its argument.
Result<void> check_auth(const Session& session) {
    if (!session.is_tls())
        return Refusal{.kind = Refusal::Kind::policy,
                       .text = "Encryption is required: send STARTTLS first",
                       .status = {5, 7, 11},
                       .reply_code = 538};
    if (session.options.authentication == Authentication::none)
        return not_offered("AUTH is not offered here");
    if (!session.client.is_extended) return out_of_sequence("Send EHLO first");
    if (session.client.identity) return out_of_sequence("You have authenticated already");
    // RFC 4954 §3
    if (session.has_transaction())
        return out_of_sequence("AUTH is not allowed within a transaction");
    return {};
}

// Sends a challenge and reads the response to it; nullopt: the session is closing.
net::Task<std::optional<Result<std::string>>> challenge(Session& session, std::string text) {
    session.reply(334, std::nullopt, text::base64(text));
    const auto line = co_await session.read_line(Session::Line::response);
    if (!line) co_return std::nullopt;
    if (*line == "*") co_return syntax_refusal("Authentication cancelled");
    if (session.channel.has_input()) {
        session.refuse_and_close(Verb::auth, too_early());
        co_return std::nullopt;
    }
    co_return decode(*line);
}

net::Task<void> fail(Session& session, const Refusal& refusal) {
    session.refuse(Verb::auth, refusal);
    if (refusal.kind == Refusal::Kind::credentials &&
        ++session.failed_logins >= limits::failed_logins_max && !session.is_closing())
        session.reply_and_close(421, EnhancedStatus{4, 7, 0}, "Too many failed logins, goodbye");
    co_return;
}

void succeed(Session& session, sasl::Identity identity) {
    session.client.identity = std::move(identity);
    session.backend->client_is(session.client);
    session.failed_logins = 0;
    session.reply(235, EnhancedStatus{2, 7, 0}, "Welcome");
}

}  // namespace

net::Task<void> auth(Session& session, std::string_view argument) {
    if (const auto checked = check_auth(session); !checked) {
        session.refuse(Verb::auth, checked.error());
        co_return;
    }
    const std::size_t name_end = std::min(argument.find(' '), argument.size());
    const auto mechanism = choose(session, argument.substr(0, name_end));
    auto initial = initial_response(text::trim(argument.substr(name_end)));
    if (!mechanism || !initial) {
        session.refuse(Verb::auth, mechanism ? initial.error() : mechanism.error());
        co_return;
    }
    const auto offered = offered_mechanisms(session);
    const bool offers_plus = std::find(offered.begin(), offered.end(),
                                       sasl::Mechanism::scram_sha_256_plus) != offered.end();
    sasl::ServerExchange exchange(*mechanism, *session.backend, session.channel.stream().tls(),
                                  offers_plus);
    Result<Step> step = co_await exchange.begin(std::move(*initial));
    while (step && !step->identity) {
        std::optional<Result<std::string>> response =
            co_await challenge(session, std::move(step->challenge));
        if (!response) co_return;
        if (!*response) {
            step = response->error();
            break;
        }
        step = co_await exchange.respond(std::move(**response));
    }
    if (step)
        succeed(session, std::move(*step->identity));
    else
        co_await fail(session, step.error());
}

}  // namespace pidge::smtp::commands
