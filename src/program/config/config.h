// Config: what the configuration file says about this machine: listeners, certificates, store,
// paths, limits. What belongs to the organisation (domains, accounts, ranges, routes) is in the
// store instead; nothing is in both. Every field has its line in option.cc, from which parser,
// sample and manual come. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "program/config/mistake.h"
#include "system/net/endpoint.h"

namespace pidge::config {

struct Site {
    std::string hostname;  // fully qualified, lower case
    std::string node = "n1";
    std::string data = "/var/lib/pidge";
};

// What this machine does among its equals; site.node names it.
struct NodeSettings {
    std::vector<std::string> roles = {"submission", "mx", "relay", "upkeep"};
    std::chrono::seconds drain_grace = std::chrono::seconds(5);

    bool has_role(std::string_view role) const;
};

struct Log {
    log::Level level = log::Level::info;
    log::Form form = log::Form::text;
};

struct Certificate {
    std::string chain, key;  // paths
    Position at;
};

enum class Service : std::uint8_t { mx, submission, submissions, http };

struct Listener {
    std::string name;
    Service service = Service::mx;
    std::optional<net::Endpoint> address;
    std::string systemd;                  // name of a socket that systemd hands over
    std::vector<net::Network> balancers;  // who must begin with a PROXY header
    std::uint64_t connections = 20'000;
    Position at;

    bool is_smtp() const { return service != Service::http; }
    // Which role of a node opens it; empty: every node does.
    std::string_view role() const;
    bool needs_certificate() const {
        return service == Service::submission || service == Service::submissions;
    }
};

struct Store {
    enum class Engine : std::uint8_t { rocksdb, memory, postgres };
    Engine engine = Engine::rocksdb;
    std::string path;  // empty: "store" below the data directory
    std::uint64_t reserve_bytes = 512ULL << 20;
    // postgres
    std::string conninfo;
    std::string password_file;  // empty: none is needed
    std::uint64_t committers = 1;
    std::uint64_t readers = 8;
    std::chrono::seconds deadline{5};
    std::chrono::seconds patience{60};
    std::string patroni = "8008";  // port, URLs, or "off"
};

// Where large bodies lie besides engine postgres; without a bucket in the database.
struct Objects {
    std::string endpoint, bucket;
    std::string region = "us-east-1";
    std::string prefix = "pidge/";
    std::string access_key;
    std::string secret_file;
    enum class Style : std::uint8_t { path, host } style = Style::path;
    std::string authorities;  // file with the certificate authorities; empty: those of the machine
    std::uint64_t from_bytes = 1 << 20;
};

struct Control {
    std::string socket = "/run/pidge/control.sock";
    std::uint64_t mode = 0600;
};

struct Dns {
    std::vector<net::Endpoint> resolvers;  // empty: those of the machine
    std::vector<std::string> stubs;        // "example.org@127.0.0.1:5353"
    bool validate = true;
    std::string anchors;  // file with trust anchors instead of the root's; may be empty
};

struct Relay {
    std::vector<net::Address> sources;  // empty: the kernel chooses
    std::chrono::seconds age_max = std::chrono::days(5);
    std::chrono::seconds warn_after = std::chrono::hours(4);
    std::uint64_t connections = 100;
    std::uint64_t connections_per_destination = 10;
    std::uint64_t port = 25;
    std::chrono::seconds wait_max = std::chrono::minutes(10);
    std::string authorities;  // file with the certificate authorities for verified TLS
    std::uint64_t policy_port = 443;
};

struct Limits {
    std::uint64_t message_bytes = 50ULL << 20;
    std::uint64_t recipients = 1000;
    std::uint64_t connections_per_client = 20;
    bool sending_rates = true;
    std::uint64_t threads = 0;  // 0: one for each core
    std::chrono::seconds drain = std::chrono::seconds(30);
};

struct Config {
    std::string file;
    Site site;
    NodeSettings node;
    Log log;
    std::vector<Certificate> certificates;
    std::vector<Listener> listeners;
    Store store;
    Objects objects;
    Control control;
    Dns dns;
    Relay relay;
    Limits limits;

    std::string store_path() const;
};

}  // namespace pidge::config
