#include "program/command/run.h"

#include <cstdio>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "base/text.h"
#include "formats/json/text.h"
#include "program/command/call.h"
#include "program/command/output.h"
#include "program/command/parse.h"
#include "program/config/read.h"

namespace pidge::command {
namespace {

constexpr std::size_t error_octets_max = 4000;

void say(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
}

int told(const Refusal& refusal, bool wants_json) {
    const Exit code = exit_of(refusal);
    if (wants_json) {
        const json::Object error{{"error", refusal.text}, {"code", static_cast<int>(code)}};
        say(json::serialise(error) + "\n");
    } else {
        say("pidge: " + text::printable(refusal.text, error_octets_max) + "\n");
    }
    return static_cast<int>(code);
}

// Needs none.
int told_out_of_memory(bool wants_json) {
    static_assert(static_cast<int>(Exit::unavailable) == 69, "as the text says");
    std::fputs(wants_json
                   ? "{\"error\":\"There is not enough memory.\",\"code\":69}\n"
                   : "pidge: There is not enough memory; end something else, or allow it more.\n",
               stderr);
    return static_cast<int>(Exit::unavailable);
}

int told_mistakes(const config::Reading& reading, bool wants_json) {
    if (!wants_json) {
        say(config::text_of(reading.mistakes));
        return static_cast<int>(Exit::config);
    }
    json::Array all;
    for (const config::Mistake& mistake : reading.mistakes)
        all.push_back(json::Object{{"file", mistake.file},
                                   {"line", mistake.at.line},
                                   {"column", mistake.at.column},
                                   {"key", mistake.key},
                                   {"wrong", mistake.wrong},
                                   {"instead", mistake.instead}});
    say(json::serialise(json::Object{{"error", "The configuration is wrong."},
                                     {"code", static_cast<int>(Exit::config)},
                                     {"mistakes", std::move(all)}}) +
        "\n");
    return static_cast<int>(Exit::config);
}

int run_parsed(Parsed parsed) {
    Call call(*parsed.verb, std::move(parsed.given), parsed.config_path, parsed.wants_json);
    if (call.verb.needs != Verb::Needs::nothing) {
        config::Reading reading = config::read_file(call.config_path);
        if (!reading.mistakes.empty()) return told_mistakes(reading, call.wants_json);
        call.config = std::move(reading.config);
    }
    if (call.verb.needs == Verb::Needs::site) {
        auto client = client::connect(call.config);
        if (!client) return told(client.error(), call.wants_json);
        call.client = *std::move(client);
    }
    const auto done = call.verb.run(call);
    if (!done) return told(done.error(), call.wants_json);
    return call.code;
}

// The exit code of what was done, once its answer has left.
int answered(int code, bool wants_json) {
    const auto written = finish_output();
    if (written) return code;
    const int lost = told(written.error(), wants_json);
    return code == 0 ? lost : code;
}

}  // namespace

int run(std::vector<std::string> words) {
    bool wants_json = false;
    try {
        Parsed parsed = parse(std::move(words));
        wants_json = parsed.wants_json;
        if (parsed.code != 0) return told(usage(std::move(parsed.text)), wants_json);
        if (parsed.verb == nullptr) {
            put(parsed.text);
            return answered(0, wants_json);
        }
        const int code = run_parsed(std::move(parsed));
        return answered(code, wants_json);
    } catch (const std::bad_alloc&) {
        return told_out_of_memory(wants_json);
    } catch (const std::exception& error) {
        return told({.kind = Refusal::Kind::temporary, .text = error.what()}, wants_json);
    }
}

}  // namespace pidge::command
