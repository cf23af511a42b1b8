#include "services/relay/testing/scripted_server.h"

#include "base/text.h"
#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"
#include "system/tls/handshake.h"

namespace pidge::relay::testing {

using namespace std::chrono_literals;
using net::Gone;

struct ScriptedServer::Session {
    ScriptedServer& server;
    std::unique_ptr<net::Stream> stream;
    std::string unread;
    Message message;

    net::Task<std::string> line() {
        for (;;) {
            const std::size_t end = unread.find("\r\n");
            if (end != std::string::npos) {
                std::string found = unread.substr(0, end);
                unread.erase(0, end + 2);
                co_return found;
            }
            co_await fill();
        }
    }
    net::Task<void> fill() {
        char buffer[4096];
        const std::size_t count = co_await stream->read_some(buffer);
        if (count == 0) throw Gone(Gone::Why::closed, "the client has gone");
        unread.append(buffer, count);
    }

    // Says `normal`, or does what the script wants in its place.
    net::Task<void> say(Stage stage, std::string normal) {
        const auto found = server.script.find(stage);
        const Behaviour what = found == server.script.end() ? Behaviour::normal : found->second;
        switch (what) {
            case Behaviour::normal:
                break;
            case Behaviour::temporary:
                normal = "451 4.3.0 not now\r\n";
                break;
            case Behaviour::permanent:
                normal = "550 5.7.1 never\r\n";
                break;
            case Behaviour::disagreeing:
                normal = "250-yes\r\n550 no\r\n";
                break;
            case Behaviour::garbage:
                normal = std::string("\0\xff\x1b[2J?\r\n", 9);
                break;
            case Behaviour::hang:
                co_await net::sleep_for(24h);
                throw Gone(Gone::Why::reset, "");
            case Behaviour::reset:
                stream->close();
                throw Gone(Gone::Why::reset, "");
            case Behaviour::finish:
                co_await stream->shutdown();
                throw Gone(Gone::Why::closed, "");
            case Behaviour::huge:
                co_await say_without_end(16 * 1024, 0s);
                break;
            case Behaviour::slow:
                co_await say_without_end(1, 1s);
                break;
            case Behaviour::closing:
                co_await stream->write("421 4.3.2 going down\r\n");
                co_await stream->shutdown();
                throw Gone(Gone::Why::closed, "");
        }
        if (!normal.empty()) co_await stream->write(normal);
    }
    net::Task<void> say_without_end(std::size_t piece, std::chrono::seconds pause) {
        co_await stream->write("250-");
        const std::string octets(piece, 'x');
        for (std::uint64_t sent = 0; sent < (1u << 30); sent += piece) {
            co_await stream->write(octets);
            server.written_huge += piece;
            co_await net::sleep_for(pause);
        }
        throw Gone(Gone::Why::reset, "");
    }

    net::Task<void> run() {
        co_await say(Stage::greeting, "220 scripted.example ESMTP\r\n");
        for (;;) {
            std::string command = co_await line();
            server.commands.push_back(command);
            const std::string verb = text::to_upper(command.substr(0, 4));
            if (verb == "QUIT") {
                co_await say(Stage::quit, "221 2.0.0 bye\r\n");
                co_return;
            }
            co_await answer(verb, std::move(command));
        }
    }
    net::Task<void> answer(std::string verb, std::string command) {
        const bool is_secure = stream->tls() != nullptr;
        if (verb == "EHLO" || verb == "LHLO" || verb == "HELO") {
            co_await say(is_secure ? Stage::hello_again : Stage::hello, capabilities());
        } else if (verb == "STAR") {
            co_await say(Stage::start_tls, "220 2.0.0 go\r\n");
            const auto found = server.script.find(Stage::start_tls);
            if (found != server.script.end()) co_return;
            co_await say(Stage::handshake, "");
            stream = co_await tls::accept(std::move(stream), *server.tls, 1h);
        } else if (verb == "MAIL") {
            server.mail_in_clear = server.mail_in_clear || !is_secure;
            message = {.over_tls = is_secure};
            message.envelope.push_back(std::move(command));
            co_await say(Stage::mail, "250 2.1.0 ok\r\n");
        } else if (verb == "RCPT") {
            message.envelope.push_back(std::move(command));
            co_await say(Stage::rcpt, "250 2.1.5 ok\r\n");
        } else if (verb == "DATA") {
            co_await say(Stage::data, "354 go on\r\n");
            if (!server.script.contains(Stage::data)) co_await take_body();
        } else {
            co_await stream->write("250 2.0.0 ok\r\n");
        }
    }
    std::string capabilities() const {
        std::string text = "250-scripted.example\r\n";
        if (server.tls && !stream->tls()) text += "250-STARTTLS\r\n";
        for (const std::string& extension : server.extensions) text += "250-" + extension + "\r\n";
        return text + "250 HELP\r\n";
    }
    net::Task<void> take_body() {
        if (unread.empty()) co_await fill();
        co_await say(Stage::body, "");
        std::size_t end = 0;
        while ((end = unread.find("\r\n.\r\n")) == std::string::npos) co_await fill();
        message.body = unread.substr(0, end + 2);
        unread.erase(0, end + 5);
        if (server.script.contains(Stage::body)) co_return;  // it has answered already
        const bool is_good = !server.script.contains(Stage::final_dot);
        if (is_good) server.messages.push_back(message);
        const std::size_t replies = server.is_lmtp ? message.envelope.size() - 1 : 1;
        for (std::size_t i = 0; i < replies; ++i)
            co_await say(Stage::final_dot, "250 2.0.0 taken\r\n");
    }
};

net::Task<void> ScriptedServer::serve(std::unique_ptr<net::Stream> stream) {
    last_client = stream->remote().address;
    Session session{*this, std::move(stream), {}, {}};
    co_await session.run();
}

net::Task<std::unique_ptr<net::Stream>> ScriptedServer::dial(net::Endpoint endpoint) {
    ++connections;
    const auto found = script.find(Stage::connect);
    if (found != script.end()) {
        if (found->second != Behaviour::hang) throw Gone(Gone::Why::reset, "connection refused");
        co_await net::sleep_for(30s);
        throw Gone(Gone::Why::deadline, "nobody answers");
    }
    net::MemoryPairOptions options;
    options.second_endpoint = endpoint;
    auto [client, server] = net::memory_pair(options);
    server->set_deadline(100h);
    net::spawn("scripted-server", serve(std::move(server)));
    co_return std::move(client);
}

}  // namespace pidge::relay::testing
