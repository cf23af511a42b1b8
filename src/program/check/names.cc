// What the DNS says of our names [J7, J8]. Findings are warnings: mail can be taken without, but
// others will refuse ours.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "program/check/parts.h"
#include "system/dns/unbound.h"
#include "system/net/spawn.h"

namespace pidge::program {
namespace {

using Kind = Finding::Kind;
using namespace std::chrono_literals;

// Nobody waits long for a check; what has not answered by then is told as such.
constexpr auto lookup_time = 4s;

class Names {
 public:
    Names(dns::Resolver& resolver, std::string hostname, Findings& out)
        : resolver_(resolver), hostname_(std::move(hostname)), out_(out) {}

    // RFC 1912 §2.1: the name has addresses, and they lead back to it.
    net::Task<void> check_hostname() {
        const auto found = co_await resolver_.addresses(hostname_);
        if (found.outcome == dns::Outcome::temporary) {
            warn("host name", fmt::format("{} could not be looked up: {}.", hostname_, found.text),
                 "Look whether the name servers answer: [dns] resolvers, /etc/resolv.conf, "
                 "firewall. Until they do, mail to other sites waits.");
            is_dead_ = true;
            co_return;
        }
        if (found.outcome != dns::Outcome::found) {
            warn("host name", fmt::format("{} {}.", hostname_, why(found.outcome, "address")),
                 fmt::format("Publish A (and AAAA) records for {} with this machine's addresses.",
                             hostname_));
            co_return;
        }
        for (const net::Address& address : found.records) {
            const auto names = co_await resolver_.ptr(address);
            const bool is_ours = std::ranges::any_of(
                names.records, [&](const std::string& name) { return is_hostname(name); });
            if (is_ours)
                good("host name",
                     fmt::format("{} and {} name each other.", hostname_, address.text()));
            else
                warn("host name",
                     fmt::format("the PTR record of {} does not name {}.", address.text(),
                                 hostname_),
                     "Ask whoever runs that network for it: many sites refuse mail without.");
        }
    }

    net::Task<void> check_domain(std::string domain) {
        if (is_dead_) co_return;  // it has been told
        const auto found = co_await resolver_.mx(domain);
        const std::string about = "domain " + domain;
        if (found.outcome != dns::Outcome::found) {
            warn(about, fmt::format("{} {}.", domain, why(found.outcome, "MX record")),
                 fmt::format("Publish: {}. MX 10 {}.", domain, hostname_));
            co_return;
        }
        const bool is_here = std::ranges::any_of(found.records, [&](const dns::MxRecord& record) {
            return is_hostname(record.exchange);
        });
        if (is_here)
            good(about, fmt::format("its MX records name {}.", hostname_));
        else
            warn(about, fmt::format("its MX records do not name {}.", hostname_),
                 "That is right if another machine takes its mail; else publish one.");
    }

 private:
    bool is_hostname(std::string_view name) const {
        if (name.ends_with('.')) name.remove_suffix(1);
        return text::iequals(name, hostname_);
    }
    static std::string why(dns::Outcome outcome, const char* what) {
        if (outcome == dns::Outcome::temporary) return "could not be looked up";
        return fmt::format("has no {} in the DNS", what);
    }
    void good(std::string about, std::string text) {
        out_.push_back({Kind::good, std::move(about), std::move(text), ""});
    }
    void warn(std::string about, std::string text, std::string instead) {
        out_.push_back({Kind::warning, std::move(about), std::move(text), std::move(instead)});
    }

    dns::Resolver& resolver_;
    const std::string hostname_;
    Findings& out_;
    bool is_dead_ = false;  // the DNS could not be asked
};

net::Task<void> ask_all(dns::Resolver& resolver, const config::Config& config, const Known& known,
                        Findings& out) {
    Names names(resolver, config.site.hostname, out);
    co_await names.check_hostname();
    constexpr std::size_t domains_max = 50;  // of a site with many, some show what is missing
    for (std::size_t i = 0; i < known.domains.size() && i < domains_max; ++i)
        co_await names.check_domain(known.domains[i]);
}

}  // namespace

void check_dns(const config::Config& config, const Known& known, Findings& out) {
    dns::UnboundOptions options{.forward_to = config.dns.resolvers, .deadline = lookup_time};
    if (!config.dns.validate) options.validation = dns::Validation::off;
    if (!config.dns.anchors.empty()) {
        options.trust_anchors.clear();
        options.trust_anchor_file = config.dns.anchors;
    }
    auto resolver = dns::make_unbound_resolver(std::move(options));
    if (!resolver) {
        out.push_back({Kind::error, "dns", resolver.error().text, "See [dns]."});
        return;
    }
    net::run(ask_all(**resolver, config, known, out));
}

}  // namespace pidge::program
