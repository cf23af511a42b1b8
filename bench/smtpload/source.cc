#include "source.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace load {

namespace {
using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::string base64(std::string_view octets) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned value = 0;
    int bits = 0;
    for (const char octet : octets) {
        value = value << 8 | static_cast<unsigned char>(octet);
        for (bits += 8; bits >= 6;) out += digits[value >> (bits -= 6) & 63];
    }
    if (bits > 0) out += digits[value << (6 - bits) & 63];
    out.resize((out.size() + 3) / 4 * 4, '=');
    return out;
}

// Words in lines of 70 characters, the same in every run.
std::string make_body(std::size_t size_bytes) {
    std::minstd_rand random(20260101);
    std::string body;
    while (body.size() < size_bytes + 100) {
        std::string line;
        while (line.size() < 68) {
            for (auto letters = 2 + random() % 9; letters > 0; --letters)
                line += static_cast<char>('a' + random() % 26);
            line += ' ';
        }
        line.pop_back();
        body += line + "\r\n";
    }
    return body;
}
}  // namespace

Source::Source(const Options& options) : options_(options), body_(make_body(options.size_bytes)) {}

double Source::run() {
    const auto start = SteadyClock::now();
    std::vector<std::jthread> threads;
    for (int i = 0; i < options_.sessions; ++i) threads.emplace_back([this] { session(); });
    threads.clear();
    return seconds_since(start);
}

double Source::latency_ms(double quantile) {
    if (latencies_ms_.empty()) return 0;
    std::ranges::sort(latencies_ms_);
    const auto index =
        static_cast<std::size_t>(quantile * static_cast<double>(latencies_ms_.size()));
    return latencies_ms_[std::min(index, latencies_ms_.size() - 1)];
}

// Ends when the messages are used up, or after 20 failures of its own: then the server is not worth
// asking on.
void Source::session() {
    constexpr int failures_max = 20;
    std::vector<float> latencies_ms;
    Connection connection;
    bool open = false;
    long used = 0;
    int failures = 0;
    for (long number; failures < failures_max && (number = next_++) < options_.count;) {
        const auto start = SteadyClock::now();
        if (!open) {
            open = greet(connection);
            used = 0;
        }
        std::string reply;
        if (!open || !transaction(connection, number, reply)) {
            if (open) note_failure("message", reply);
            connection.close();
            open = false;
            ++failures;
            continue;
        }
        ++accepted_;
        if (++used == options_.per_connection) {
            connection.send("QUIT\r\n");
            connection.reply();
            connection.close();
            open = false;
        }
        latencies_ms.push_back(static_cast<float>(seconds_since(start) * 1e3));
    }
    if (open) {
        connection.send("QUIT\r\n");
        connection.reply();
    }
    const std::lock_guard lock(mutex_);
    latencies_ms_.insert(latencies_ms_.end(), latencies_ms.begin(), latencies_ms.end());
}

bool Source::greet(Connection& connection) {
    ++connections_;
    const auto turn = static_cast<std::size_t>(next_port_++);
    if (!connection.open(options_.host, options_.ports[turn % options_.ports.size()]) ||
        (options_.security == Security::tls && !connection.secure())) {
        note_failure("connect", "");
        return false;
    }
    std::string reply;
    if (connection.reply(&reply) != 220) {
        note_failure("greeting", reply);
        return false;
    }
    if (!hello(connection)) return false;
    if (options_.security == Security::starttls) {
        connection.send("STARTTLS\r\n");
        if (connection.reply() != 220 || !connection.secure()) {
            note_failure("starttls", "");
            return false;
        }
        if (!hello(connection)) return false;
    }
    return options_.user.empty() || log_in(connection);
}

bool Source::hello(Connection& connection) {
    std::string reply;
    connection.send("EHLO " + options_.helo + "\r\n");
    if (connection.reply(&reply) == 250) return true;
    note_failure("ehlo", reply);
    return false;
}

bool Source::log_in(Connection& connection) {
    using namespace std::string_literals;
    std::string reply;
    connection.send("AUTH PLAIN " + base64("\0"s + options_.user + "\0"s + options_.password) +
                    "\r\n");
    if (connection.reply(&reply) == 235) return true;
    note_failure("auth", reply);
    return false;
}

bool Source::transaction(Connection& connection, long number, std::string& reply) {
    std::string recipient = options_.recipient;
    if (const auto mark = recipient.find("%d"); mark != std::string::npos)
        recipient.replace(mark, 2, std::to_string(number % options_.recipient_modulus));
    const std::string commands[] = {"MAIL FROM:<" + options_.from + ">\r\n",
                                    "RCPT TO:<" + recipient + ">\r\n", "DATA\r\n"};
    constexpr int expected[] = {250, 250, 354};
    if (options_.pipeline) connection.send(commands[0] + commands[1] + commands[2]);
    for (int i = 0; i < 3; ++i) {
        if (!options_.pipeline) connection.send(commands[i]);
        reply.clear();
        if (connection.reply(&reply) != expected[i]) return false;
    }
    connection.send(text_of(number));
    reply.clear();
    return connection.reply(&reply) == 250;
}

std::string Source::text_of(long number) const {
    const auto n = std::to_string(number);
    std::string text = "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nFrom: Load <" + options_.from +
                       ">\r\nTo: <list@out.test>\r\nSubject: load message " + n +
                       "\r\nMessage-ID: <" + std::to_string(::getpid()) + "." + n +
                       "@load.client.test>\r\nMIME-Version: 1.0\r\n"
                       "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
    const auto rest =
        options_.size_bytes > text.size() + 80 ? options_.size_bytes - text.size() : 80;
    text.append(body_, 0, body_.rfind("\r\n", rest - 2) + 2);
    if (options_.size_bytes > text.size() + 2) {
        text.append(options_.size_bytes - text.size() - 2, 'z');
        text += "\r\n";
    }
    return text + ".\r\n";
}

void Source::note_failure(const std::string& stage, const std::string& reply) {
    ++failed_;
    const std::lock_guard lock(mutex_);
    if (first_error_.empty()) first_error_ = stage + ":" + reply.substr(0, 120);
}

}  // namespace load
