#include <fmt/format.h>

#include "base/text.h"
#include "formats/address/domain.h"
#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"

namespace pidge::command {
namespace {

Result<json::Object> wanted(Call& call) {
    json::Object route{{"domain", call.given.text("DOMAIN")}};
    std::size_t kinds = 0;
    const auto is_given = [&](const char* option, const char* kind) {
        if (!call.given.has(option)) return false;
        route.set("kind", kind);
        ++kinds;
        return true;
    };
    is_given("--mx", "mx");
    if (is_given("--host", "nextHop")) route.set("host", call.given.text("--host"));
    if (is_given("--lmtp", "lmtp")) route.set("host", call.given.text("--lmtp"));
    is_given("--discard", "discard");
    if (is_given("--refuse", "refuse")) route.set("text", call.given.text("--refuse"));
    if (kinds != 1)
        return usage("Say one way for the mail: --mx, --host, --lmtp, --discard or --refuse.");
    if (!call.given.has("--host") && !call.given.has("--lmtp"))
        for (const char* option : {"--port", "--implicit-tls", "--user", "--password-file"})
            if (call.given.has(option))
                return usage(fmt::format("{} is for a route to a host.", option));
    if ((call.given.has("--discard") || call.given.has("--refuse")) && call.given.has("--tls"))
        return usage("--tls is for a route on which mail leaves this machine.");
    if (call.given.has("--port")) {
        const auto port = text::parse_u64(call.given.text("--port"));
        if (!port || *port == 0 || *port > 65'535) return usage("A port is 1 to 65535.");
        route.set("port", *port);
    }
    if (call.given.has("--tls")) route.set("tls", call.given.text("--tls"));
    if (call.given.has("--implicit-tls")) route.set("implicitTls", true);
    if (call.given.has("--user")) route.set("user", call.given.text("--user"));
    if (call.given.has("--password-file"))
        route.set("passwordFile", call.given.text("--password-file"));
    return route;
}

Result<> set(Call& call) {
    json::Object route = TRY(wanted(call));
    const json::Value made = TRY(call.create("Route", std::move(route)));
    if (call.wants_json)
        call.print_json(made);
    else
        call.print("Set the route for " + call.given.text("DOMAIN") + ".");
    return {};
}

std::string way_of(const json::Value& route) {
    const std::string kind = text_of(route, "kind");
    if (kind == "nextHop") {
        std::string way =
            fmt::format("to {} port {}", text_of(route, "host"), text_of(route, "port"));
        const std::string user = text_of(route, "user");
        return user.empty() ? way : way + " as " + user;
    }
    if (kind == "lmtp")
        return fmt::format("by LMTP to {} port {}", text_of(route, "host"), text_of(route, "port"));
    if (kind == "refuse") return "refused: " + text_of(route, "text");
    return kind == "mx" ? "by MX" : "thrown away";
}

Result<> list(Call& call) {
    const json::Array routes = TRY(call.list("Route", {}, 100'000));
    if (call.wants_json) {
        call.print_json(routes);
        return {};
    }
    if (routes.empty()) {
        call.print("No routes: all mail goes by MX.");
        return {};
    }
    Table table({"domain", "way", "tls", "since"});
    for (const json::Value& route : routes)
        table.add({text_of(route, "domain"), way_of(route), text_of(route, "tls"),
                   time_of(route, "created")});
    call.print(table.text());
    return {};
}

// As it is stored, however it was typed; what is no domain may be the id of a route.
std::string stored_form(const std::string& typed) {
    const std::size_t begin = typed.starts_with('.') ? 1 : 0;
    const auto normal = address::normal_domain(std::string_view(typed).substr(begin));
    return normal ? typed.substr(0, begin) + *normal : typed;
}

Result<> remove(Call& call) {
    const std::string& typed = call.given.text("DOMAIN");
    const std::string domain = stored_form(typed);
    const json::Array routes = TRY(call.list("Route", {}, 100'000));
    for (const json::Value& route : routes) {
        if (text_of(route, "domain") != domain && text_of(route, "id") != typed) continue;
        TRY(call.destroy("Route", text_of(route, "id")));
        if (call.wants_json)
            call.print_json(json::Object{{"removed", text_of(route, "id")}});
        else
            call.print("Removed the route for " + text_of(route, "domain") + ".");
        return {};
    }
    return Refusal{
        .kind = Refusal::Kind::not_found,
        .text = fmt::format("There is no route for {}; pidge route list shows them.", typed)};
}

constexpr auto flag = Argument::Kind::flag;

}  // namespace

std::vector<Verb> route_verbs() {
    return {
        {.words = "route set",
         .summary = "Say how mail for a domain leaves this machine",
         .details = "One route for each domain; a new one takes the place of the former, for "
                    "waiting mail too, from its next attempt on (pidge queue retry). The "
                    "closest counts: the domain itself, then .parent, then *. Without any, mail "
                    "goes by MX. For our own domains it says where the mailboxes are.",
         .arguments = {{.name = "DOMAIN",
                        .help =
                            "example.org, .example.org (everything below it) or * (all others).",
                        .is_required = true},
                       {.name = "--mx", .kind = flag, .help = "By the domain's mail exchangers."},
                       {.name = "--host", .help = "To this host by SMTP."},
                       {.name = "--lmtp", .help = "To this host by LMTP."},
                       {.name = "--port",
                        .help = "Its port; 25, with --lmtp 24, with --user 587, with "
                                "--implicit-tls 465."},
                       {.name = "--discard", .kind = flag, .help = "Accept and throw away."},
                       {.name = "--refuse", .help = "Refuse, with this text."},
                       {.name = "--tls",
                        .help = "opportunistic (when offered), required, or verified (with a "
                                "certificate of that host from a known authority)."},
                       {.name = "--implicit-tls",
                        .kind = flag,
                        .help = "TLS from the first octet; without it by STARTTLS. Port 465 "
                                "means it too."},
                       {.name = "--user",
                        .help = "Log in at the host with this name (SCRAM-SHA-256, PLAIN or "
                                "LOGIN). TLS is then verified."},
                       {.name = "--password-file",
                        .help = "Absolute path of the file whose first line is the password. The "
                                "server reads it whenever it connects; it must not be open to "
                                "everybody."}},
         .examples = {"pidge route set example.org --lmtp mailbox.example.org --tls verified",
                      "pidge route set '*' --host smarthost.example.net --port 587 --tls required",
                      "pidge route set '*' --host smtp.example.net --user site@example.net "
                      "--password-file /etc/pidge/smtp.example.net.password",
                      "pidge route set old.example.org --refuse \"This domain has been closed.\""},
         .run = set},
        {.words = "route list",
         .summary = "List the routes",
         .examples = {"pidge route list"},
         .run = list},
        {.words = "route remove",
         .summary = "Remove a route",
         .arguments = {{.name = "DOMAIN", .help = "As it was set.", .is_required = true}},
         .examples = {"pidge route remove example.org"},
         .run = remove},
    };
}

}  // namespace pidge::command
