#include <fmt/format.h>

#include "base/clock.h"
#include "program/command/call.h"
#include "program/command/password.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"

namespace pidge::command {
namespace {

// By login, by any address, or by id.
Result<json::Value> get_account(Call& call) {
    const std::string& who = call.given.text("WHO");
    if (who.empty()) return usage("WHO is empty: name a login, an address or an id.");
    const json::Value found = TRY(call.method(
        "Account/query", json::Object{{"filter", json::Object{{"login", who}}}, {"limit", 1}}));
    const json::Value* id = found.find_pointer("/ids/0");
    const auto account = TRY(call.find("Account", id != nullptr ? id->string() : who));
    if (account) return *account;
    return Refusal{
        .kind = Refusal::Kind::not_found,
        .text = fmt::format("There is no account {}; pidge account list shows them.", who)};
}

Result<> set_password(Call& call, const std::string& id, const crypto::Secret& password) {
    json::Object credential{{"account", id}, {"kind", "password"}, {"label", "password"}};
    credential.set("password", password.bytes());
    TRY(call.create("Credential", std::move(credential)));
    return {};
}

Result<> add(Call& call) {
    const Prompt prompt = call.given.has("--no-password") ? Prompt::only_asked : Prompt::ask;
    crypto::Secret password;
    const bool is_wanted = !call.given.has("--no-password");
    if (is_wanted) password = TRY(read_password(call.given, prompt));
    json::Object account{{"published", array_of(call.given.list("ADDRESS"))},
                         {"aliases", array_of(call.given.list("--alias"))},
                         {"name", call.given.text("--name")},
                         {"kind", call.given.text_or("--kind", "person")}};
    if (call.given.has("--login")) account.set("login", call.given.text("--login"));
    const json::Value added = TRY(call.create("Account", std::move(account)));
    const std::string id = text_of(added, "id");
    if (is_wanted) {
        auto set = set_password(call, id, password);
        if (!set) {
            // An account half made helps nobody.
            TRY(call.destroy("Account", id));
            return std::move(set).error();
        }
    }
    if (call.wants_json) {
        call.print_json(added);
        return {};
    }
    call.print(
        fmt::format("Added {} (login {}).", call.given.text("ADDRESS"), text_of(added, "login")));
    if (const json::Value* warnings = added.find("warnings"))
        for (const json::Value& warning : warnings->array()) call.note("Note: " + warning.string());
    if (!is_wanted)
        call.note("It has no password yet: pidge account password " + text_of(added, "login"));
    return {};
}

Result<> list(Call& call) {
    json::Object filter;
    if (call.given.has("TEXT")) filter.set("text", call.given.text("TEXT"));
    for (const char* name : {"domain", "state", "kind"})
        if (call.given.has(fmt::format("--{}", name)))
            filter.set(name, call.given.text(fmt::format("--{}", name)));
    json::Array accounts = TRY(call.list_onward("Account", std::move(filter), 1'000'000));
    std::ranges::sort(accounts, {},
                      [](const json::Value& account) { return text_of(account, "login"); });
    if (call.wants_json) {
        call.print_json(accounts);
        return {};
    }
    if (accounts.empty()) {
        call.print("No such accounts: pidge account add ada@example.org");
        return {};
    }
    Table table({"login", "name", "published", "aliases", "kind", "state"});
    for (const json::Value& account : accounts)
        table.add({text_of(account, "login"), text_of(account, "name"),
                   text_of(account, "published"), text_of(account, "aliases"),
                   text_of(account, "kind"), text_of(account, "state")});
    call.print(table.text());
    return {};
}

Result<json::Array> credentials_of(Call& call, const std::string& id) {
    return call.list("Credential", json::Object{{"filter", json::Object{{"account", id}}}}, 1000);
}

Result<> show(Call& call) {
    json::Value account = TRY(get_account(call));
    const json::Array credentials = TRY(credentials_of(call, text_of(account, "id")));
    if (call.wants_json) {
        account.set("credentials", credentials);
        call.print_json(account);
        return {};
    }
    call.print(facts({{"login", text_of(account, "login")},
                      {"name", text_of(account, "name")},
                      {"published", text_of(account, "published")},
                      {"aliases", text_of(account, "aliases")},
                      {"kind", text_of(account, "kind")},
                      {"state", text_of(account, "state")},
                      {"since", time_of(account, "created")},
                      {"id", text_of(account, "id")}}));
    if (credentials.empty()) {
        call.print("\nNo credentials: it cannot log in.");
        return {};
    }
    Table table({"credential", "label", "scopes", "since", "expires", "id"});
    for (const json::Value& credential : credentials)
        table.add({text_of(credential, "kind"), text_of(credential, "label"),
                   text_of(credential, "scopes"), time_of(credential, "created"),
                   time_of(credential, "expires"), text_of(credential, "id")});
    call.print("\n" + table.text());
    return {};
}

Result<> patch_account(Call& call, json::Object patch, const std::string& told) {
    const json::Value account = TRY(get_account(call));
    const json::Value updated =
        TRY(call.update("Account", text_of(account, "id"), std::move(patch)));
    if (call.wants_json)
        call.print_json(updated);
    else
        call.print(told);
    return {};
}

Result<> set(Call& call) {
    json::Object patch;
    for (const char* name : {"name", "login", "kind"})
        if (call.given.has(fmt::format("--{}", name)))
            patch.set(name, call.given.text(fmt::format("--{}", name)));
    if (call.given.has("--address")) patch.set("published", array_of(call.given.list("--address")));
    if (patch.empty()) return usage("Say what to set: --name, --login, --kind or --address.");
    return patch_account(call, std::move(patch), "Changed " + call.given.text("WHO") + ".");
}

Result<> password(Call& call) {
    const json::Value account = TRY(get_account(call));
    const crypto::Secret typed = TRY(read_password(call.given, Prompt::ask));
    TRY(set_password(call, text_of(account, "id"), typed));
    if (call.wants_json)
        call.print_json(json::Object{{"account", text_of(account, "id")}});
    else
        call.print("Set the password of " + text_of(account, "login") + ".");
    return {};
}

// The id of a credential says nothing to the eye: it must be an app password, and this account's.
Result<> check_app_password(Call& call, const json::Value& account, const std::string& id) {
    const auto credential = TRY(call.find("Credential", id));
    const bool is_one = credential && text_of(*credential, "kind") == "appPassword" &&
                        text_of(*credential, "account") == text_of(account, "id");
    if (is_one) return {};
    return Refusal{.kind = Refusal::Kind::not_found,
                   .text = fmt::format("{} has no app password {}; pidge account show tells them.",
                                       text_of(account, "login"), id)};
}

Result<> app_password(Call& call) {
    const json::Value account = TRY(get_account(call));
    if (call.given.has("--remove")) {
        TRY(check_app_password(call, account, call.given.text("--remove")));
        TRY(call.destroy("Credential", call.given.text("--remove")));
        if (call.wants_json)
            call.print_json(json::Object{{"removed", call.given.text("--remove")}});
        else
            call.print("Removed. Whatever used it cannot log in any more.");
        return {};
    }
    json::Object credential{{"account", text_of(account, "id")},
                            {"kind", "appPassword"},
                            {"label", call.given.text_or("--label", "app password")},
                            {"scopes", array_of(call.given.list("--scope"))}};
    if (call.given.has("--expires"))
        credential.set("expires",
                       TRY(future_time(call.given.text("--expires"), system_clock().now())));
    const json::Value made = TRY(call.create("Credential", std::move(credential)));
    if (call.wants_json) {
        call.print_json(made);
        return {};
    }
    call.note("The app password, shown this once:");
    call.print(text_of(made, "secret"));
    return {};
}

Result<> alias(Call& call) {
    const json::Value account = TRY(get_account(call));
    if (!call.given.has("--add") && !call.given.has("--remove")) {
        const json::Array& aliases = account.find("aliases")->array();
        if (call.wants_json)
            call.print_json(aliases);
        else
            for (const json::Value& one : aliases) call.print(one.string());
        return {};
    }
    // Singly, so that others who change other aliases at the same moment lose nothing.
    json::Object patch;
    for (const std::string& gone : call.given.list("--remove"))
        patch.set("aliases/" + json::pointer_token(gone), json::Value());
    for (const std::string& added : call.given.list("--add"))
        patch.set("aliases/" + json::pointer_token(added), true);
    const json::Value updated =
        TRY(call.update("Account", text_of(account, "id"), std::move(patch)));
    if (call.wants_json)
        call.print_json(updated);
    else
        call.print("Changed the aliases of " + text_of(account, "login") + ".");
    return {};
}

Result<> block(Call& call) {
    return patch_account(
        call, json::Object{{"state", "blocked"}},
        "Blocked " + call.given.text("WHO") + ": it cannot log in. Mail for it still arrives.");
}

Result<> unblock(Call& call) {
    return patch_account(call, json::Object{{"state", "active"}},
                         "Unblocked " + call.given.text("WHO") + ".");
}

Result<> remove(Call& call) {
    const json::Value account = TRY(get_account(call));
    TRY(call.destroy("Account", text_of(account, "id")));
    if (call.wants_json)
        call.print_json(json::Object{{"removed", text_of(account, "id")}});
    else
        call.print("Removed " + text_of(account, "login") + " with all its addresses.");
    return {};
}

const Argument who{
    .name = "WHO", .help = "A login, any address of the account, or its id.", .is_required = true};
const Argument kind{.name = "--kind",
                    .help =
                        "person, or automatic: a process, which may use Sender and Reply-To "
                        "as it likes."};

std::vector<Argument> with_password(std::vector<Argument> arguments) {
    for (Argument& argument : password_arguments()) arguments.push_back(std::move(argument));
    return arguments;
}

std::vector<Verb> making_verbs() {
    return {
        {.words = "account add",
         .summary = "Add a person or process with its addresses",
         .details = "The address must be in one of our domains, free, and no role address. One for "
                    "each domain: these are the published ones, which others see. The password is "
                    "asked for, without echo, unless it comes from a file or standard input.",
         .arguments = with_password(
             {{.name = "ADDRESS",
               .kind = Argument::Kind::values,
               .help = "The published addresses, at most one in each domain.",
               .is_required = true},
              {.name = "--login",
               .help = "What is typed to log in; the local part unless given. "
                       "Any address works too."},
              {.name = "--name", .help = "The name, for people to read."},
              {.name = "--alias",
               .kind = Argument::Kind::values,
               .help = "A further address: received, never shown on the way out."},
              kind,
              {.name = "--no-password",
               .kind = Argument::Kind::flag,
               .help = "Without a password, for now or because app passwords are enough."}}),
         .examples = {"pidge account add ada.lovelace@example.org --name \"Ada Lovelace\" --login "
                      "ada",
                      "pidge account add bob@example.org --password-file ./bob.txt",
                      "pidge account add scanner@example.org --kind automatic --no-password"},
         .run = add},
        {.words = "account password",
         .summary = "Set somebody's password",
         .details = "Takes effect at once. App passwords stay as they are.",
         .arguments = with_password({who}),
         .examples = {"pidge account password ada",
                      "pass show mail/ada | pidge account password ada --password-stdin"},
         .run = password},
        {.words = "account app-password",
         .summary = "Make a password for one program or device",
         .details = "It is made here, shown once and never again. Remove it when the device is "
                    "lost; pidge account show tells the ids.",
         .arguments = {who,
                       {.name = "--label", .help = "What it is for."},
                       {.name = "--scope",
                        .kind = Argument::Kind::values,
                        .help = "What it is good for, as submission; everything unless given."},
                       {.name = "--expires", .help = "When it ends: a time, or a duration."},
                       {.name = "--remove", .help = "Remove the app password with this id."}},
         .examples = {"pidge account app-password ada --label laptop",
                      "pidge account app-password scanner --scope submission --expires 365d"},
         .run = app_password},
    };
}

}  // namespace

std::vector<Verb> account_verbs() {
    std::vector<Verb> all = making_verbs();
    const std::vector<Verb> others = {
        {.words = "account list",
         .summary = "List accounts",
         .arguments = {{.name = "TEXT", .help = "Contained in login, name or an address."},
                       {.name = "--domain", .help = "With an address in this domain."},
                       {.name = "--state", .help = "active or blocked."},
                       {.name = "--kind", .help = "person or automatic."}},
         .examples = {"pidge account list", "pidge account list love --domain example.org --json"},
         .run = list},
        {.words = "account show",
         .summary = "Show an account and its credentials",
         .arguments = {who},
         .examples = {"pidge account show ada", "pidge account show ada.lovelace@example.org"},
         .run = show},
        {.words = "account set",
         .summary = "Change name, login, kind or published addresses",
         .arguments = {who,
                       {.name = "--name", .help = "The name, for people to read."},
                       {.name = "--login", .help = "What is typed to log in."},
                       kind,
                       {.name = "--address",
                        .kind = Argument::Kind::values,
                        .help = "All published addresses: those not named are given up."}},
         .examples = {"pidge account set ada --name \"Ada King\" --address ada.king@example.org"},
         .run = set},
        {.words = "account alias",
         .summary = "Show, add or remove further addresses",
         .arguments = {who,
                       {.name = "--add",
                        .kind = Argument::Kind::values,
                        .help = "An address to add."},
                       {.name = "--remove",
                        .kind = Argument::Kind::values,
                        .help = "An address to remove."}},
         .examples = {"pidge account alias ada", "pidge account alias ada --add al@example.org"},
         .run = alias},
        {.words = "account block",
         .summary = "Keep an account from logging in",
         .details = "At once, also where a login is remembered. Its mail still arrives.",
         .arguments = {who},
         .examples = {"pidge account block ada"},
         .run = block},
        {.words = "account unblock",
         .summary = "Let an account log in again",
         .arguments = {who},
         .examples = {"pidge account unblock ada"},
         .run = unblock},
        {.words = "account remove",
         .summary = "Remove an account with its addresses and credentials",
         .arguments = {who},
         .examples = {"pidge account remove ada"},
         .run = remove},
    };
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

}  // namespace pidge::command
