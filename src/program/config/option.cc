#include "program/config/option.h"

#include <algorithm>

#include "program/config/option_parts.h"

namespace pidge::config {
namespace {

using namespace parts;

const std::vector<Option> first_options = {
    // --- site ---
    {"site", "hostname", Type::hostname, "\"mail.example.org\"",
     "The fully qualified name of this machine: in the greeting, in EHLO to others and in "
     "trace "
     "fields. Its A and AAAA records name this machine, and the PTR records of its addresses "
     "name it.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.site.hostname; }, Needed::required},
    {"site", "node", Type::label, "\"n1\"",
     "A short name for this machine among its equals; part of the name of its audit log. Keep "
     "it "
     "for ever.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.site.node; }},
    {"site", "data", Type::path, "\"/var/lib/pidge\"", "The folder for everything that is kept.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.site.data; }},
    // --- node ---
    {"node",
     "roles",
     Type::words,
     "[\"submission\", \"mx\"]",
     "submission: opens the listeners of the services submission and submissions. mx: opens "
     "those "
     "of the service mx. relay: delivers what is queued, by whichever node it was taken. "
     "upkeep: "
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
     "How long new connections are still taken after pidge node drain, while /readyz says 404: "
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
     "Its private key in PEM form, not encrypted: a file that only pidge can read, or a "
     "systemd "
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
     "mx: mail from other sites, and from our own anonymous ranges (port 25). submission: from "
     "our "
     "people, TLS by STARTTLS (port 587). submissions: the same, TLS from the first octet "
     "(port "
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
     "Instead of an address: the FileDescriptorName of a socket that systemd hands over, so "
     "that "
     "the port stays open while pidge is restarted.",
     restart,
     [](Config& c, std::size_t i) -> Slot { return &c.listeners[i].systemd; },
     Needed::optional,
     {},
     0,
     0,
     "none"},
    {"listener", "balancers", Type::networks, "[\"192.0.2.10/32\"]",
     "Load balancers in front: connections from there must begin with a PROXY header (version "
     "1 "
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
};

const std::vector<Option> last_options = {
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
     "Whether answers are checked with DNSSEC. Switch it off only where the resolvers cannot "
     "pass "
     "signatures on.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.dns.validate; }},
    {"dns", "stubs", Type::stubs, "[\"example.org@127.0.0.1:5353\"]",
     "Domains whose servers are asked directly, without DNSSEC: names that exist only inside, "
     "and "
     "trials.",
     restart, [](Config& c, std::size_t) -> Slot { return &c.dns.stubs; }},
    {"dns",
     "anchors",
     Type::path,
     "\"/etc/pidge/anchors\"",
     "A file with the DNSSEC trust anchors (DS or DNSKEY records) that count instead of those "
     "of "
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
     "Our addresses to send from; their PTR records name site.hostname. Where there are "
     "several of "
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
     "How long delivery is tried before the sender is told that it failed (RFC 5321 §4.5.4.1: "
     "at "
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
     "The port of other sites' mail exchangers. It is 25 everywhere; another one is for "
     "trials.",
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
     "minutes, and a host that needs them gets its mail twice if they are cut short: less is "
     "for "
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
     "The port of the web servers that have other sites' MTA-STS policies. It is 443 "
     "everywhere; "
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
     "Whether senders are bounded: a person 30 messages a minute and 300 recipients elsewhere "
     "an "
     "hour, 1000 a day; an automatic process 60, 1000 and 5000; a machine of an anonymous "
     "range 60 "
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

// In the order of the sections. Put together at the first call, when the parts are there.
std::span<const Option> options() {
    static const std::vector<Option> all = [] {
        std::vector<Option> made = first_options;
        for (const auto* part : {&parts::store_options, &last_options})
            made.insert(made.end(), part->begin(), part->end());
        return made;
    }();
    return all;
}

const Option* find_option(std::string_view section, std::string_view name) {
    for (const Option& option : options())
        if (option.section == section && option.name == name) return &option;
    return nullptr;
}

}  // namespace pidge::config
