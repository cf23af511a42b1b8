#include "protocols/smtp/testing/transcript.h"

#include "base/text.h"
#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

namespace pidge::smtp::testing {
namespace {

using namespace std::chrono_literals;

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            out += text[at];
            continue;
        }
        const char c = text[++at];
        if (c == 'x' && at + 2 < text.size()) {
            out += text::from_hex(text.substr(at + 1, 2)).value_or("?");
            at += 2;
        } else {
            out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
        }
    }
    return out;
}

net::Task<std::unique_ptr<net::Stream>> pretend_tls(std::unique_ptr<net::Stream> stream) {
    auto secured = std::make_unique<TroubledStream>(std::move(stream), std::make_shared<Trouble>());
    secured->tls_info = fake_tls_info();
    co_return secured;
}

bool set_option(Transcript& transcript, std::string_view key, std::string_view value) {
    ServerOptions& options = transcript.options;
    const auto number = text::parse_u64(value);
    if (key == "service") {
        options.service = value == "submission"    ? Service::submission
                          : value == "submissions" ? Service::submissions
                                                   : Service::mx;
        options.authentication = authentication_of(options.service);
    } else if (key == "authentication") {
        options.authentication = value == "none"      ? Authentication::none
                                 : value == "offered" ? Authentication::offered
                                                      : Authentication::required;
    } else if (key == "tls") {
        transcript.is_tls = value == "yes";
    } else if (key == "start_tls") {
        if (value == "yes") options.start_tls = pretend_tls;
    } else if (number && key == "message_octets") {
        options.message_octets = *number;
    } else if (number && key == "recipients_max") {
        options.recipients_max = *number;
    } else if (number && key == "delivered") {
        transcript.delivered = *number;
    } else {
        return false;
    }
    return true;
}

class Player {
 public:
    Player(const Transcript& transcript, net::Stream& stream)
        : transcript_(transcript), stream_(stream) {}

    net::Task<std::string> play() {
        const auto& lines = transcript_.lines;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            stream_.set_deadline(60s);
            if (lines[i].who == TranscriptLine::Who::server) {
                std::string difference = co_await expect(lines[i]);
                if (!difference.empty()) co_return difference;
                continue;
            }
            std::string octets = lines[i].text;
            while (i + 1 < lines.size() && lines[i + 1].who == TranscriptLine::Who::client)
                octets += lines[++i].text;
            co_await stream_.write(octets);
        }
        co_return std::string();
    }

 private:
    // nullopt: the end of the stream.
    net::Task<std::optional<std::string>> read_line() {
        for (;;) {
            const std::size_t end = buffer_.find("\r\n");
            if (end != std::string::npos) {
                std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 2);
                co_return line;
            }
            std::array<char, 1000> octets;
            const std::size_t count = co_await stream_.read_some(octets);
            if (count == 0) co_return std::nullopt;
            buffer_.append(octets.data(), count);
        }
    }

    net::Task<std::string> expect(const TranscriptLine& expected) {
        const bool is_whole_reply = expected.text.size() == 7 && expected.text.ends_with(" ...");
        for (;;) {
            const auto line = co_await read_line();
            const std::string said = line.value_or("<closed>");
            const bool is_good = is_whole_reply ? said.starts_with(expected.text.substr(0, 3))
                                                : matches(said, expected.text);
            if (!is_good)
                co_return "line " + std::to_string(expected.number) + ": expected \"" +
                    expected.text + "\" but the server said \"" + said + "\"";
            if (!is_whole_reply || said.size() < 4 || said[3] != '-') co_return std::string();
        }
    }

    const Transcript& transcript_;
    net::Stream& stream_;
    std::string buffer_;
};

net::Task<void> run(const Transcript& transcript, Serve serve, std::shared_ptr<Trouble> trouble,
                    TranscriptOutcome& outcome) {
    FakeBackend backend;
    auto [near, far] = net::memory_pair();
    auto stream = std::make_unique<TroubledStream>(std::move(far), trouble);
    if (transcript.is_tls) stream->tls_info = fake_tls_info();
    net::spawn("server", serve(std::move(stream), backend, transcript.options));
    co_await net::sleep_for(1s);
    try {
        Player player(transcript, *near);
        outcome.difference = co_await player.play();
    } catch (const net::Gone& gone) {
        outcome.difference = gone.what();
    }
    near->close();
    for (int i = 0; i < 1000 && backend.open_sessions > 0; ++i) co_await net::sleep_for(1s);
    outcome.is_over = backend.open_sessions == 0;
    outcome.delivered = backend.messages.size();
}

}  // namespace

bool matches(std::string_view text, std::string_view pattern) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return text == pattern;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    text.remove_prefix(star);
    // Each further piece where it first fits, the last one at the end.
    for (pattern.remove_prefix(star + 1);;) {
        const std::size_t next = pattern.find('*');
        if (next == std::string_view::npos) return text.ends_with(pattern);
        const std::size_t at = text.find(pattern.substr(0, next));
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at + next);
        pattern.remove_prefix(next + 1);
    }
}

Result<Transcript> parse_transcript(std::string_view file) {
    Transcript transcript{.options = test_options()};
    int number = 0;
    for (std::string_view line : text::split(file, '\n')) {
        ++number;
        if (line.empty() || line.starts_with('#')) continue;
        const std::string_view rest = line.substr(std::min<std::size_t>(3, line.size()));
        if (line.starts_with("C:")) {
            transcript.lines.push_back(
                {TranscriptLine::Who::client, unescape(rest) + "\r\n", number});
        } else if (line.starts_with("C~")) {
            transcript.lines.push_back({TranscriptLine::Who::client, unescape(rest), number});
        } else if (line.starts_with("S:")) {
            transcript.lines.push_back({TranscriptLine::Who::server, std::string(rest), number});
        } else {
            const std::size_t colon = line.find(':');
            if (colon == std::string_view::npos ||
                !set_option(transcript, line.substr(0, colon), text::trim(line.substr(colon + 1))))
                return Refusal{.text = "line " + std::to_string(number) + " cannot be read"};
        }
    }
    return transcript;
}

TranscriptOutcome run_transcript(const Transcript& transcript, Serve serve, Trouble trouble) {
    TranscriptOutcome outcome;
    auto shared = std::make_shared<Trouble>(trouble);
    net::run(run(transcript, serve, shared, outcome), net::TimeSource::simulated);
    outcome.steps = shared->steps;
    return outcome;
}

}  // namespace pidge::smtp::testing
