#include "program/config/rules.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "system/patroni/places.h"

namespace pidge::config {
namespace {

using Mistakes = std::vector<Mistake>;

void check_listener(const Config& config, const Settings& set, std::size_t i, Mistakes& out) {
    const Listener& listener = config.listeners[i];
    const bool has_address = set.is_given("listener", "address", i);
    const bool has_systemd = set.is_given("listener", "systemd", i);
    if (!has_address && !has_systemd)
        out.push_back({.at = listener.at,
                       .key = "listener.address",
                       .wrong = "this listener has no address.",
                       .instead =
                           "Add: address = \"0.0.0.0:25\", or systemd = \"NAME\" for a socket "
                           "that systemd hands over."});
    if (has_address && has_systemd)
        out.push_back({.at = set.place("listener", "systemd", i, listener.at),
                       .key = "listener.systemd",
                       .wrong = "this listener has both an address and a socket from systemd.",
                       .instead = "Keep one of the two."});
    if (listener.needs_certificate() && config.certificates.empty() &&
        !set.is_wrong("listener", "service", i))
        out.push_back({.at = set.place("listener", "service", i, listener.at),
                       .key = "listener.service",
                       .wrong = "passwords are taken over TLS only, and there is no certificate.",
                       .instead = "Add a [[certificate]] with chain and key."});
    if (!listener.is_smtp() && !listener.balancers.empty())
        out.push_back({.at = set.place("listener", "balancers", i, listener.at),
                       .key = "listener.balancers",
                       .wrong = "an http listener takes no PROXY header.",
                       .instead = "Remove the line."});
}

void check_twins(const Config& config, const Settings& set, std::size_t i, Mistakes& out) {
    const Listener& listener = config.listeners[i];
    for (std::size_t j = 0; j < i; ++j) {
        const Listener& other = config.listeners[j];
        if (!listener.name.empty() && listener.name == other.name)
            out.push_back({.at = set.place("listener", "name", i, listener.at),
                           .key = "listener.name",
                           .wrong = fmt::format("the listener on line {} is called \"{}\" too.",
                                                other.at.line, listener.name),
                           .instead = "Give each its own name."});
        if (listener.address && other.address && *listener.address == *other.address)
            out.push_back(
                {.at = set.place("listener", "address", i, listener.at),
                 .key = "listener.address",
                 .wrong = fmt::format("the listener \"{}\" on line {} has {} already.", other.name,
                                      other.at.line, listener.address->text()),
                 .instead = "Give each its own address or port."});
        if (!listener.systemd.empty() && listener.systemd == other.systemd)
            out.push_back({.at = set.place("listener", "systemd", i, listener.at),
                           .key = "listener.systemd",
                           .wrong = fmt::format("the listener \"{}\" on line {} takes that socket "
                                                "already.",
                                                other.name, other.at.line),
                           .instead = "Name each socket once."});
    }
}

void check_listeners(const Config& config, const Settings& set, Mistakes& out) {
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        if (!set.is_wrong("listener", "address", i)) check_listener(config, set, i, out);
        check_twins(config, set, i, out);
    }
    const bool takes_mail = config.node.has_role("mx") || config.node.has_role("submission");
    const bool has_smtp =
        !takes_mail || std::ranges::any_of(config.listeners, [](const Listener& listener) {
            return listener.is_smtp();
        });
    if (!has_smtp && !set.is_wrong_section("listener"))
        out.push_back({.key = "listener",
                       .wrong = "no listener takes mail.",
                       .instead = "Add for example: [[listener]] with name = \"mx\", service = "
                                  "\"mx\", address = \"0.0.0.0:25\""});
}

void check_certificates(const Config& config, const Settings& set, Mistakes& out) {
    for (std::size_t i = 0; i < config.certificates.size(); ++i) {
        const Certificate& certificate = config.certificates[i];
        const bool is_one_file = certificate.chain == certificate.key && !certificate.key.empty();
        if (is_one_file)
            out.push_back({.at = set.place("certificate", "key", i, certificate.at),
                           .key = "certificate.key",
                           .wrong = "chain and key are the same file, so everybody who may read "
                                    "the one reads the other.",
                           .instead = "Keep the private key in a file of its own."});
    }
}

void check_relay(const Config& config, const Settings& set, Mistakes& out) {
    const Relay& relay = config.relay;
    const Position nowhere;
    if (relay.warn_after >= relay.age_max && !set.is_wrong("relay", "warn_after") &&
        !set.is_wrong("relay", "age_max"))
        out.push_back(
            {.at = set.place("relay", "warn_after", 0, set.place("relay", "age_max", 0, nowhere)),
             .key = "relay.warn_after",
             .wrong = fmt::format("the warning after {} would come after the end, {}.",
                                  duration_text(relay.warn_after), duration_text(relay.age_max)),
             .instead = "Write a shorter warn_after, or a longer age_max."});
    if (relay.connections_per_destination > relay.connections)
        out.push_back({.at = set.place("relay", "connections_per_destination", 0,
                                       set.place("relay", "connections", 0, nowhere)),
                       .key = "relay.connections_per_destination",
                       .wrong = fmt::format("{} for one destination are more than the {} in all.",
                                            relay.connections_per_destination, relay.connections),
                       .instead = fmt::format("Write at most {}.", relay.connections)});
}

void check_store(const Config& config, const Settings& set, Mistakes& out) {
    const Store& store = config.store;
    const bool is_postgres = store.engine == Store::Engine::postgres;
    const Position nowhere;
    if (is_postgres && store.conninfo.empty() && !set.is_wrong("store", "conninfo"))
        out.push_back({.at = set.place("store", "engine", 0, nowhere),
                       .key = "store.conninfo",
                       .wrong = "engine postgres does not know where the database is.",
                       .instead = "Add: conninfo = \"host=db1,db2 dbname=pidge user=pidge\""});
    // libpq takes spaces round the sign, and addresses of the form postgresql://user:password@host.
    const bool has_word = store.conninfo.find("password") != std::string::npos;
    const std::size_t host = store.conninfo.find("://");
    const std::size_t at = store.conninfo.find('@');
    const bool is_in_address = host != std::string::npos && at != std::string::npos &&
                               store.conninfo.find(':', host + 3) < at;
    if (has_word || is_in_address)
        out.push_back({.at = set.place("store", "conninfo", 0, nowhere),
                       .key = "store.conninfo",
                       .wrong = "secrets do not stand in this file.",
                       .instead = "Write the password into a file, and: password_file = \"FILE\""});
    const auto patroni = patroni::places(store.patroni, {});
    if (!patroni && !set.is_wrong("store", "patroni"))
        out.push_back({.at = set.place("store", "patroni", 0, nowhere),
                       .key = "store.patroni",
                       .wrong = patroni.error().text,
                       .instead = "Write for example: patroni = \"8008\""});
}

bool is_plain(std::string_view name, std::string_view further) {
    return std::ranges::all_of(name, [further](char c) {
        return text::is_alpha(c) || text::is_digit(c) || further.find(c) != std::string_view::npos;
    });
}

// "https://host" or "https://host:port", and nothing after it.
bool is_endpoint(std::string_view url) {
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    const std::string_view place = url.substr(scheme);
    return scheme != 0 && !place.empty() && is_plain(place, ".-:[]");
}

// Of an endpoint.
bool is_address(std::string_view url) {
    const std::string_view place = url.substr(url.find("://") + 3);
    return place.find_first_not_of("0123456789.:") == std::string_view::npos ||
           place.starts_with('[');
}

void check_objects(const Config& config, const Settings& set, Mistakes& out) {
    const Objects& objects = config.objects;
    const auto wrong = [&](std::string_view key, std::string what, std::string instead) {
        if (set.is_wrong("objects", key)) return;
        const Position first = set.place("objects", "endpoint", 0, Position());
        out.push_back({.at = set.place("objects", key, 0, set.place("objects", "bucket", 0, first)),
                       .key = "objects." + std::string(key),
                       .wrong = std::move(what),
                       .instead = std::move(instead)});
    };
    if (objects.endpoint.empty() && objects.bucket.empty()) return;
    if (!is_endpoint(objects.endpoint))
        wrong("endpoint", "this is no address of an object store.",
              "Write for example: endpoint = \"https://s3.example.org\"");
    if (objects.bucket.empty() || !is_plain(objects.bucket, ".-"))
        wrong("bucket", "the name of a bucket has letters, digits, \".\" and \"-\".",
              "Write for example: bucket = \"mail\"");
    if (!is_plain(objects.prefix, "./_-") || objects.prefix.starts_with('/') ||
        (!objects.prefix.empty() && !objects.prefix.ends_with('/')))
        wrong("prefix", "a prefix has letters, digits and \"._-/\", and ends in \"/\".",
              "Write for example: prefix = \"pidge/\"");
    if (objects.access_key.empty() || objects.secret_file.empty())
        wrong(objects.access_key.empty() ? "access_key" : "secret_file",
              "requests to an object store are signed with a key.",
              "Add: access_key = \"ID\" and secret_file = \"FILE\"");
    if (objects.style == Objects::Style::host && is_endpoint(objects.endpoint) &&
        is_address(objects.endpoint))
        wrong("style", "no name of a bucket can stand in front of an address.",
              "Write style = \"path\", or a name for the host in endpoint");
}

// sun_path of unix(7) has room for so many octets and a zero.
constexpr std::size_t socket_path_octets_max = 107;

void check_control(const Config& config, const Settings& set, Mistakes& out) {
    const std::string& path = config.control.socket;
    if (path.size() > socket_path_octets_max)
        out.push_back({.at = set.place("control", "socket", 0, Position()),
                       .key = "control.socket",
                       .wrong = fmt::format("the path of a socket has at most {} octets, this one "
                                            "has {}.",
                                            socket_path_octets_max, path.size()),
                       .instead = "Write a shorter one, as \"/run/pidge/control.sock\"."});
}

}  // namespace

std::vector<Mistake> broken_rules(const Config& config, const Settings& set) {
    Mistakes out;
    check_listeners(config, set, out);
    check_certificates(config, set, out);
    check_relay(config, set, out);
    check_store(config, set, out);
    check_objects(config, set, out);
    check_control(config, set, out);
    return out;
}

}  // namespace pidge::config
