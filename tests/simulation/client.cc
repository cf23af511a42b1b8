#include "simulation/client.h"

#include <fmt/format.h>

#include "system/net/gone.h"
#include "system/net/timer.h"

namespace pidge::simulation {

using namespace std::chrono_literals;

namespace {

address::Mailbox mailbox(const std::string& text) {
    const std::size_t at = text.rfind('@');
    return {.local_part = text.substr(0, at), .domain = text.substr(at + 1)};
}

std::string domain_of(World& world) {
    const bool is_dead = world.plan.dead_domains > 0 && world.chance.one_in(8);
    return is_dead ? "dead.example"
                   : fmt::format("d{}.example", world.chance.below(world.plan.domains));
}

std::vector<std::string> recipients_of(World& world, const Client& client) {
    std::vector<std::string> recipients;
    const std::uint64_t count = world.chance.one_in(3) ? world.chance.between(2, 4) : 1;
    for (std::uint64_t i = 0; i < count; ++i)
        recipients.push_back(fmt::format("{}-{}-{}-{}@{}",
                                         world.chance.one_in(8) ? "nobody" : "user", client.number,
                                         client.tries, i, domain_of(world)));
    return recipients;
}

std::string text_of(World& world, const Client& client) {
    std::string text = fmt::format(
        "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nFrom: alice@site.example\r\n"
        "To: somebody@d0.example\r\nMessage-ID: <{}.{}@client.example>\r\nSubject: hello\r\n\r\n",
        client.number, client.tries);
    // Most are small; some go ahead of their commit in pieces.
    const std::uint64_t octets =
        world.chance.one_in(40) ? world.chance.between(60'000, 600'000) : world.chance.below(2000);
    const char letter = static_cast<char>('a' + world.chance.below(26));
    while (text.size() < octets) text += std::string(70, letter) + "\r\n";
    return text + "end\r\n";
}

net::Task<void> pause(World& world) {
    return net::sleep_for(world.chance.between(1us, 30ms));
}

// The dialogue. False: refused.
net::Task<bool> say(World& world, smtp::BackendSession& session, std::size_t index) {
    const Sending sending = world.ledger.sending(index);
    const auto opened = co_await session.open();
    if (!opened) co_return false;
    session.client_is({.helo = "client.example", .is_extended = true});
    co_await pause(world);
    smtp::MailFrom from{.sender = mailbox("alice@site.example")};
    const auto mail = co_await session.mail(std::move(from));
    if (!mail) co_return false;
    for (const std::string& recipient : sending.recipients) {
        smtp::RcptTo to{.recipient = mailbox(recipient)};
        const auto rcpt = co_await session.rcpt(std::move(to));
        if (!rcpt) co_return false;
    }
    const auto begun = co_await session.begin_body();
    if (!begun) co_return false;
    for (std::size_t at = 0; at < sending.text.size(); at += 64 * 1024) {
        co_await pause(world);
        const std::string_view piece = std::string_view(sending.text).substr(at, 64 * 1024);
        const auto taken = co_await session.body(piece);
        if (!taken) co_return false;
        if (world.is_troubled() && world.chance.one_in(50)) co_return false;  // it goes away
    }
    const auto accepted = co_await session.end_body();
    if (!accepted || world.is_over) co_return false;
    world.ledger.sending(index).queue_id = accepted->queue_id;
    world.tell(fmt::format("250 {}", accepted->queue_id));
    world.moment("after an acknowledgement");
    co_return true;
}

}  // namespace

net::Task<void> submit(World& world, submission::Gateway& gateway, Client& client) {
    ++client.tries;
    const std::size_t index = world.ledger.send({.recipients = recipients_of(world, client),
                                                 .text = text_of(world, client),
                                                 .queue_id = ""});
    const auto session = gateway.session({.service = smtp::Service::mx,
                                          .local = {net::Address::v4({192, 0, 2, 1}), 25},
                                          .remote = {net::Address::v4({192, 0, 2, 9}), 4711},
                                          .listener = "mx"});
    const bool is_accepted = co_await say(world, *session, index);
    session->closed("quit");
    client.is_at_it = false;
    client.is_done = is_accepted;
    if (!is_accepted) client.next_try = world.clock.elapsed() + world.chance.between(1s, 20min);
}

}  // namespace pidge::simulation
