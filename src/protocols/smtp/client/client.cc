#include "protocols/smtp/client/client.h"

#include "base/check.h"
#include "base/text.h"
#include "protocols/sasl/prepare.h"
#include "protocols/smtp/client/transfer.h"
#include "system/net/gone.h"

namespace pidge::smtp {

Refusal refusal_of(const Reply& reply) {
    const auto klass = static_cast<std::uint8_t>(reply.is_temporary() ? 4 : 5);
    Refusal refusal{.kind = reply.is_temporary() ? Refusal::Kind::temporary : Refusal::Kind::policy,
                    .text = reply.text(),
                    .status = reply.status.value_or(EnhancedStatus{klass, 0, 0}),
                    .reply_code = reply.code};
    // A positive reply, or 354, where none was asked for: the server is confused.
    if (!reply.is_temporary() && !reply.is_permanent()) refusal.kind = Refusal::Kind::sequence;
    return refusal;
}

Client::Client(std::unique_ptr<net::Stream> stream, ClientOptions options)
    : dialogue_(std::move(stream), options.wait_max), options_(std::move(options)) {
    for (const char c : options_.host_name)
        check(!text::is_control(c) && c != ' ', "a host name for EHLO");
}

net::Task<Result<void>> Client::greet() {
    greeting_ = co_await dialogue_.read_reply(limits::greeting_timeout);
    if (greeting_.code != 220) co_return refusal_of(greeting_);
    co_return co_await hello();
}

net::Task<Result<void>> Client::hello() {
    capabilities_ = Capabilities();
    const bool is_lmtp = options_.dialect == Dialect::lmtp;
    const std::string command = (is_lmtp ? "LHLO " : "EHLO ") + options_.host_name + "\r\n";
    Reply reply = co_await dialogue_.ask(command, limits::client_command_timeout);
    if (reply.code == 250) {
        capabilities_ = parse_capabilities(reply);
        co_return Result<void>{};
    }
    // RFC 5321 §3.2: an old server says 500 or 502 to EHLO. Others say 5xx to a host name that they
    // do not like, and will say so again.
    if (is_lmtp || !reply.is_permanent()) co_return refusal_of(reply);
    reply = co_await dialogue_.ask("HELO " + options_.host_name + "\r\n",
                                   limits::client_command_timeout);
    if (reply.code != 250) co_return refusal_of(reply);
    co_return Result<void>{};
}

net::Task<Result<void>> Client::start_tls() {
    if (!capabilities_.start_tls || !options_.start_tls)
        co_return Refusal{.kind = Refusal::Kind::unsupported,
                          .text = "STARTTLS is not offered",
                          .status = {4, 7, 4}};
    const Reply reply = co_await dialogue_.ask("STARTTLS\r\n", limits::client_command_timeout);
    if (reply.code != 220) co_return refusal_of(reply);
    std::unique_ptr<net::Stream> plain = dialogue_.take_stream();
    plain->set_deadline(limits::client_command_timeout);
    std::unique_ptr<net::Stream> secured = co_await options_.start_tls(std::move(plain));
    dialogue_.set_stream(std::move(secured));
    co_return co_await hello();
}

net::Task<Result<void>> Client::authenticate(sasl::ClientCredentials credentials) {
    const auto& offered = capabilities_.mechanisms;
    const auto mechanism = sasl::ClientExchange::choose(offered, tls());
    if (!mechanism)
        co_return Refusal{.kind = Refusal::Kind::unsupported,
                          .text = "The server offers no way to authenticate that we may use",
                          .status = {5, 7, 4}};
    const bool offers_plus = std::find(offered.begin(), offered.end(),
                                       sasl::Mechanism::scram_sha_256_plus) != offered.end();
    auto exchange =
        CO_TRY(sasl::ClientExchange::create(*mechanism, credentials, tls(), offers_plus));
    std::string line = "AUTH " + std::string(sasl::name_of(*mechanism));
    if (const auto initial = exchange.begin()) line += " " + text::base64(*initial);
    for (;;) {
        const Reply reply = co_await dialogue_.ask(line + "\r\n", limits::client_command_timeout);
        if (reply.code == 235 && exchange.is_finished()) co_return Result<void>{};
        if (reply.code == 235)
            throw net::Gone(net::Gone::Why::reset,
                            "the server broke the protocol: success without its proof");
        if (reply.code != 334) co_return refusal_of(reply);
        const auto challenge = text::from_base64(reply.text());
        Result<std::string> response = sasl::bad_message("The challenge is not base64");
        if (challenge) response = exchange.respond(*challenge);
        if (!response) {
            // RFC 4954 §4: cancels the exchange; the reply is 501.
            (void)co_await dialogue_.ask("*\r\n", limits::client_command_timeout);
            co_return response.error();
        }
        line = text::base64(*response);
    }
}

net::Task<SendResult> Client::send(const Envelope& envelope, BodySource& body) {
    Transfer transfer(dialogue_, capabilities_, options_.dialect, envelope, body);
    if (!transfer.is_possible()) co_return transfer.take_result();
    std::exception_ptr escaped;
    bool is_lost = false;
    try {
        if (std::exchange(is_transaction_open_, false)) {
            const Reply reply = co_await dialogue_.ask("RSET\r\n", limits::client_command_timeout);
            if (!reply.is_positive()) throw net::Gone(net::Gone::Why::reset, "RSET was refused");
        }
        co_await transfer.run();
    } catch (const net::Gone& gone) {
        transfer.lose(gone.what());
        is_lost = true;
    } catch (...) {
        escaped = std::current_exception();
    }
    if (is_lost) co_await transfer.hear_last_words();
    if (escaped) {
        close();
        std::rethrow_exception(escaped);
    }
    is_transaction_open_ = transfer.is_transaction_open();
    SendResult result = transfer.take_result();
    if (!result.is_reusable) close();
    co_return result;
}

net::Task<void> Client::quit() {
    if (!dialogue_.has_stream()) co_return;
    try {
        (void)co_await dialogue_.ask("QUIT\r\n", limits::farewell_timeout);
    } catch (const net::Gone&) {
        close();  // nobody there to say goodbye to
    }
    dialogue_.stream().set_deadline(limits::farewell_timeout);
    co_await dialogue_.stream().shutdown();
}

void Client::close() noexcept {
    if (dialogue_.has_stream()) dialogue_.stream().close();
}

}  // namespace pidge::smtp
