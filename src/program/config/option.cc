#include "program/config/option.h"

#include <algorithm>

namespace pidge::config {
namespace {

template <typename Enum>
Choice choice(Enum& value) {
    static_assert(sizeof(Enum) == 1);
    return {reinterpret_cast<std::uint8_t*>(&value)};  // octets may alias anything
}

constexpr auto reload = Changeable::at_reload;
constexpr auto restart = Changeable::at_restart;
constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::uint64_t hour = 3600;

const std::vector<Section> all_sections = {
    {"site", Section::Form::single, "Who this machine is."},
    {"node", Section::Form::single,
     "What this machine does where several share a store (docs/cluster.md). A machine by itself "
     "does "
     "everything."},
    {"log", Section::Form::single,
     "The log goes to standard error, one line for each event; systemd's journal takes it from "
     "there."},
    {"certificate", Section::Form::repeated,
     "A TLS certificate; one entry for each. A client gets the first that bears the name it asks "
     "for, else the first of all. Files are read again at a reload.",
     [](const Config& config) { return config.certificates.size(); },
     [](Config& config, Position at) { config.certificates.push_back({.at = at}); }},
    {"listener", Section::Form::repeated,
     "A socket that clients connect to; one entry for each address and service.",
     [](const Config& config) { return config.listeners.size(); },
     [](Config& config, Position at) { config.listeners.push_back({.at = at}); }},
    {"store", Section::Form::single,
     "Where everything durable lies: directory, queue, bodies, audit trail."},
    {"control", Section::Form::single,
     "The socket by which the pidge command talks to the running server. Who may write to it "
     "may do everything."},
    {"dns", Section::Form::single, "How names are looked up."},
    {"relay", Section::Form::single, "How mail leaves for other sites."},
    {"limits", Section::Form::single, "What one client or message may take."},
};

const std::vector<Option> all_options = {
    // --- site ---
    {"site", "hostname", Type::hostname, "\"mail.example.org\"",
     "The fully qualified name of this machine: in the greeting, in EHLO to others and in trace "
     "fields. Its A and AAAA records name this machine, and the PTR records of its addresses "
     "name it.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.site.hostname; }, Needed::required},
    {"site", "node", Type::label, "\"n1\"",
     "A short name for this machine among its equals; part of the name of its audit log. Keep it "
     "for ever.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.site.node; }},
    {"site", "data", Type::path, "\"/var/lib/pidge\"", "The folder for everything that is kept.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.site.data; }},
    // --- node ---
    {"node",
     "roles",
     Type::words,
     "[\"submission\", \"mx\"]",
     "submission: opens the listeners of the services submission and submissions. mx: opens those "
     "of the service mx. relay: delivers what is queued, by whichever node it was taken. upkeep: "
     "may be the one node that tidies up for all. Listeners of other roles stay closed, so all "
     "nodes can have the same file but for this line and their names.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.node.roles; },
     Needed::optional,
     {"submission", "mx", "relay", "upkeep"}},
    {"node",
     "drain_grace",
     Type::duration,
     "\"5 s\"",
     "How long new connections are still taken after pidge node drain, while /readyz says 503: "
     "time "
     "for load balancers to look and turn to the other nodes.",
     reload,
     [](Config& c, std::size_t) -> Slot { return &c.node.drain_grace; },
     Needed::optional,
     {},
     0,
     600},
    // --- log ---
    {"log",
     "level",
     Type::choice,
     "\"info\"",
     "The least level that is written.",
     reload,
     [](Config& c, std::size_t) -> Slot { return choice(c.log.level); },
     Needed::optional,
     {"debug", "info", "warning", "error"}},
    {"log",
     "form",
     Type::choice,
     "\"text\"",
     "Lines for people, or a JSON object a line.",
     reload,
     [](Config& c, std::size_t) -> Slot { return choice(c.log.form); },
     Needed::optional,
     {"text", "json"}},
    // --- certificate ---
    {"certificate", "chain", Type::secret, "\"/etc/pidge/tls.pem\"",
     "The certificate and those between it and its authority, in PEM form.", reload,
     [](Config& c, std::size_t i) -> Slot { return &c.certificates[i].chain; }, Needed::required},
    {"certificate", "key", Type::secret, "\"credential:tls.key\"",
     "Its private key in PEM form, not encrypted: a file that only pidge can read, or a systemd "
     "credential (LoadCredential=).",
     reload, [](Config& c, std::size_t i) -> Slot { return &c.certificates[i].key; },
     Needed::required},
    // --- listener ---
    {"listener", "name", Type::label, "\"mx\"", "A name for it, in the log and in the audit trail.",
     restart, [](Config& c, std::size_t i) -> Slot { return &c.listeners[i].name; },
     Needed::required},
    {"listener",
     "service",
     Type::choice,
     "\"mx\"",
     "mx: mail from other sites, and from our own anonymous ranges (port 25). submission: from our "
     "people, TLS by STARTTLS (port 587). submissions: the same, TLS from the first octet (port "
     "465). http: /healthz, /readyz and /metrics.",
     restart,
     [](Config& c, std::size_t i) -> Slot { return choice(c.listeners[i].service); },
     Needed::required,
     {"mx", "submission", "submissions", "http"}},
    {"listener",
     "address",
     Type::endpoint,
     "\"0.0.0.0:25\"",
     "Address and port to listen on: 0.0.0.0 for every IPv4 address of this machine, [::] for "
     "every IPv6 one (that is a second listener).",
     restart,
     [](Config& c, std::size_t i) -> Slot { return &c.listeners[i].address; },
     Needed::optional,
     {},
     0,
     0,
     "none: the socket comes from systemd"},
    {"listener",
     "systemd",
     Type::label,
     "\"pidge-mx\"",
     "Instead of an address: the FileDescriptorName of a socket that systemd hands over, so that "
     "the port stays open while pidge is restarted.",
     restart,
     [](Config& c, std::size_t i) -> Slot { return &c.listeners[i].systemd; },
     Needed::optional,
     {},
     0,
     0,
     "none"},
    {"listener", "balancers", Type::networks, "[\"192.0.2.10/32\"]",
     "Load balancers in front: connections from there must begin with a PROXY header (version 1 "
     "or 2), which tells the client's address; all others are closed. Empty: nobody's word is "
     "taken.",
     reload, [](Config& c, std::size_t i) -> Slot { return &c.listeners[i].balancers; }},
    {"listener",
     "connections",
     Type::whole,
     "1000",
     "Connections at the same time.",
     reload,
     [](Config& c, std::size_t i) -> Slot { return &c.listeners[i].connections; },
     Needed::optional,
     {},
     1,
     100'000},
    // --- store ---
    {"store",
     "engine",
     Type::choice,
     "\"rocksdb\"",
     "rocksdb keeps everything on the disk of this machine. postgres keeps it in a database that "
     "several machines share, each with this program. memory forgets everything at the end of the "
     "program, for experiments.",
     restart,
     [](Config& c, std::size_t) -> Slot { return choice(c.store.engine); },
     Needed::optional,
     {"rocksdb", "memory", "postgres"}},
    {"store",
     "path",
     Type::path,
     "\"/var/lib/pidge/store\"",
     "The folder of the store.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.store.path; },
     Needed::optional,
     {},
     0,
     0,
     "\"store\" below site.data"},
    {"store",
     "reserve",
     Type::size,
     "\"512 MiB\"",
     "When less than this is free on the disk, new mail is put off (452) until there is more "
     "again; what was accepted is still delivered.",
     reload,
     [](Config& c, std::size_t) -> Slot { return &c.store.reserve_bytes; },
     Needed::optional,
     {},
     16 * mib,
     1024 * 1024 * mib},
    {"store",
     "conninfo",
     Type::text,
     "\"host=db1,db2,db3 dbname=pidge user=pidge sslmode=verify-full\"",
     "For engine postgres: where the database is, as libpq takes it (PostgreSQL's documentation, "
     "Connection Strings). Of several hosts the one that is the primary is found by itself. No "
     "password stands here.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.store.conninfo; },
     Needed::optional,
     {},
     0,
     0,
     "none; needed for postgres"},
    {"store",
     "password_file",
     Type::secret,
     "\"credential:database\"",
     "For engine postgres: the file that holds the database password in its first line.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.store.password_file; },
     Needed::optional,
     {},
     0,
     0,
     "none"},
    {"store",
     "readers",
     Type::whole,
     "8",
     "For engine postgres: connections for reading, leasing and large bodies.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.store.readers; },
     Needed::optional,
     {},
     1,
     64},
    {"store",
     "committers",
     Type::whole,
     "1",
     "For engine postgres: connections that write. One is enough unless the way to the database "
     "is long.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.store.committers; },
     Needed::optional,
     {},
     1,
     4},
    {"store",
     "deadline",
     Type::duration,
     "\"5 s\"",
     "For engine postgres: how long one answer of the database may take before the connection "
     "counts as lost.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.store.deadline; },
     Needed::optional,
     {},
     1,
     60},
    {"store",
     "patience",
     Type::duration,
     "\"60 s\"",
     "For engine postgres: how long mail waits for a database that is away, as during a failover, "
     "before it is put off.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.store.patience; },
     Needed::optional,
     {},
     5,
     600},
    // --- control ---
    {"control", "socket", Type::path, "\"/run/pidge/control.sock\"", "Where the socket lies.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.control.socket; }},
    {"control", "mode", Type::mode, "\"0600\"",
     "Its permissions: \"0660\" lets the group of the server in too.", restart,
     [](Config& c, std::size_t) -> Slot { return &c.control.mode; }},
    // --- dns ---
    {"dns",
     "resolvers",
     Type::endpoints,
     "[\"192.0.2.53\"]",
     "Resolvers to ask; the port is 53 unless given.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.dns.resolvers; },
     Needed::optional,
     {},
     0,
     0,
     "none: names are resolved from the root"},
    {"dns", "validate", Type::flag, "true",
     "Whether answers are checked with DNSSEC. Switch it off only where the resolvers cannot pass "
     "signatures on.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.dns.validate; }},
    {"dns", "stubs", Type::stubs, "[\"example.org@127.0.0.1:5353\"]",
     "Domains whose servers are asked directly, without DNSSEC: names that exist only inside, and "
     "trials.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.dns.stubs; }},
    {"dns",
     "anchors",
     Type::path,
     "\"/etc/pidge/anchors\"",
     "A file with the DNSSEC trust anchors (DS or DNSKEY records) that count instead of those of "
     "the root zone: for networks with a root of their own, and trials.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.dns.anchors; },
     Needed::optional,
     {},
     0,
     0,
     "those of the root zone"},
    // --- relay ---
    {"relay",
     "sources",
     Type::addresses,
     "[\"192.0.2.25\", \"2001:db8::25\"]",
     "Our addresses to send from; their PTR records name site.hostname. Where there are several of "
     "a family, each destination always sees the same one of them.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.sources; },
     Needed::optional,
     {},
     0,
     0,
     "the kernel chooses"},
    {"relay",
     "age_max",
     Type::duration,
     "\"5 d\"",
     "How long delivery is tried before the sender is told that it failed (RFC 5321 §4.5.4.1: at "
     "least 4 to 5 days).",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.age_max; },
     Needed::optional,
     {},
     60,
     60 * 24 * hour},
    {"relay",
     "warn_after",
     Type::duration,
     "\"4 h\"",
     "After how long the sender is told, once, that a message is delayed.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.warn_after; },
     Needed::optional,
     {},
     60,
     30 * 24 * hour},
    {"relay",
     "connections",
     Type::whole,
     "100",
     "Outgoing connections at the same time.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.connections; },
     Needed::optional,
     {},
     1,
     10'000},
    {"relay",
     "connections_per_destination",
     Type::whole,
     "10",
     "Of those, to one destination.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.connections_per_destination; },
     Needed::optional,
     {},
     1,
     1000},
    {"relay",
     "port",
     Type::whole,
     "25",
     "The port of other sites' mail exchangers. It is 25 everywhere; another one is for trials.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.port; },
     Needed::optional,
     {},
     1,
     65'535},
    {"relay",
     "wait_max",
     Type::duration,
     "\"10 min\"",
     "The longest wait for another host at any step. RFC 5321 §4.5.3.2 gives each step 2 to 10 "
     "minutes, and a host that needs them gets its mail twice if they are cut short: less is for "
     "trials.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.wait_max; },
     Needed::optional,
     {},
     1,
     600},
    {"relay",
     "authorities",
     Type::path,
     "\"/etc/ssl/certs/ca-certificates.crt\"",
     "Certificate authorities to trust where TLS is verified, by a route or by MTA-STS, in PEM "
     "form.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.authorities; },
     Needed::optional,
     {},
     0,
     0,
     "those of the machine"},
    {"relay",
     "policy_port",
     Type::whole,
     "443",
     "The port of the web servers that have other sites' MTA-STS policies. It is 443 everywhere; "
     "another one is for trials.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.relay.policy_port; },
     Needed::optional,
     {},
     1,
     65'535},
    // --- limits ---
    {"limits",
     "message_size",
     Type::size,
     "\"50 MiB\"",
     "The largest message, as announced by SIZE (RFC 1870).",
     reload,
     [](Config& c, std::size_t) -> Slot { return &c.limits.message_bytes; },
     Needed::optional,
     {},
     64 * 1024,
     1024 * mib},
    {"limits",
     "recipients",
     Type::whole,
     "1000",
     "Recipients of one message (RFC 5321 §4.5.3.1.8: at least 100).",
     reload,
     [](Config& c, std::size_t) -> Slot { return &c.limits.recipients; },
     Needed::optional,
     {},
     100,
     50'000},
    {"limits",
     "connections_per_client",
     Type::whole,
     "20",
     "Connections from one IPv4 address or IPv6 /64 at the same time.",
     reload,
     [](Config& c, std::size_t) -> Slot { return &c.limits.connections_per_client; },
     Needed::optional,
     {},
     1,
     100'000},
    {"limits", "sending_rates", Type::flag, "true",
     "Whether senders are bounded: a person 30 messages a minute and 300 recipients elsewhere an "
     "hour, 1000 a day; an automatic process 60, 1000 and 5000; a machine of an anonymous range 60 "
     "messages in five minutes, 200 and 500. Recipients here count a tenth. Over it: 450 4.7.1 "
     "[USR-FLD]. This machine itself (loopback) is not bounded.",
     reload, [](Config& c, std::size_t) -> Slot { return &c.limits.sending_rates; }},
    {"limits",
     "threads",
     Type::whole,
     "2",
     "Event loops.",
     restart,
     [](Config& c, std::size_t) -> Slot { return &c.limits.threads; },
     Needed::optional,
     {},
     0,
     256,
     "0, which means one for each core"},
    {"limits",
     "drain",
     Type::duration,
     "\"30 s\"",
     "How long transactions under way may take to finish after SIGTERM.",
     reload,
     [](Config& c, std::size_t) -> Slot { return &c.limits.drain; },
     Needed::optional,
     {},
     1,
     600},
};

}  // namespace

std::string Config::store_path() const {
    return store.path.empty() ? site.data + "/store" : store.path;
}

bool NodeSettings::has_role(std::string_view role) const {
    return role.empty() || std::ranges::find(roles, role) != roles.end();
}

std::string_view Listener::role() const {
    switch (service) {
        case Service::mx:
            return "mx";
        case Service::submission:
        case Service::submissions:
            return "submission";
        case Service::http:
            break;
    }
    return {};
}

std::span<const Section> sections() {
    return all_sections;
}

std::span<const Option> options() {
    return all_options;
}

const Section* find_section(std::string_view name) {
    for (const Section& section : all_sections)
        if (section.name == name) return &section;
    return nullptr;
}

const Option* find_option(std::string_view section, std::string_view name) {
    for (const Option& option : all_options)
        if (option.section == section && option.name == name) return &option;
    return nullptr;
}

}  // namespace pidge::config
