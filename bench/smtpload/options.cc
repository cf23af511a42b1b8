#include "options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string_view>

namespace load {

namespace {
[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "smtpload: %s\n", why.c_str());
    std::exit(2);
}

template <typename Number>
void read_number(std::string_view text, Number& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error != std::errc() || end != text.data() + text.size() || into < 0)
        give_up("'" + std::string(text) + "' is no number");
}

void read_login(std::string_view text, Options& into) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) give_up("--auth takes USER:PASSWORD");
    into.user = text.substr(0, colon);
    into.password = text.substr(colon + 1);
}
}  // namespace

Options read_options(int argc, char** argv) {
    Options options;
    using Value = std::string_view;
    const std::map<std::string_view, std::function<void()>> flags{
        {"--tls", [&] { options.security = Security::tls; }},
        {"--starttls", [&] { options.security = Security::starttls; }},
        {"--pipeline", [&] { options.pipeline = true; }},
    };
    const std::map<std::string_view, std::function<void(Value)>> settings{
        {"--host", [&](Value text) { options.host = text; }},
        {"--port", [&](Value text) { read_number(text, options.ports.emplace_back()); }},
        {"--sessions", [&](Value text) { read_number(text, options.sessions); }},
        {"--count", [&](Value text) { read_number(text, options.count); }},
        {"--per-connection", [&](Value text) { read_number(text, options.per_connection); }},
        {"--size", [&](Value text) { read_number(text, options.size_bytes); }},
        {"--from", [&](Value text) { options.from = text; }},
        {"--recipient", [&](Value text) { options.recipient = text; }},
        {"--modulus", [&](Value text) { read_number(text, options.recipient_modulus); }},
        {"--helo", [&](Value text) { options.helo = text; }},
        {"--auth", [&](Value text) { read_login(text, options); }},
        {"--sink", [&](Value text) { read_number(text, options.sink_port); }},
        {"--sink-only",
         [&](Value text) {
             read_number(text, options.sink_port);
             options.sink_only = true;
         }},
        {"--sink-log", [&](Value text) { options.sink_log = text; }},
        {"--wait", [&](Value text) { read_number(text, options.wait_s); }},
    };
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (const auto flag = flags.find(name); flag != flags.end()) {
            flag->second();
        } else if (const auto setting = settings.find(name); setting != settings.end()) {
            if (++i >= argc) give_up(std::string(name) + " needs a value");
            setting->second(argv[i]);
        } else {
            give_up("unknown option " + std::string(name));
        }
    }
    if (options.ports.empty()) options.ports = {25};
    if (!options.host.starts_with("127.")) give_up("only 127.0.0.0/8 is measured");
    if (options.recipient_modulus == 0) give_up("--modulus must not be 0");
    return options;
}

}  // namespace load
