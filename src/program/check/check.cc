#include "program/check/check.h"

#include <sys/timex.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"
#include "program/assembly/server_tls.h"
#include "program/check/parts.h"
#include "services/admin/encode.h"
#include "system/crypto/secret_file.h"

namespace pidge::program {
namespace {

// Long enough for somebody to be back from a holiday.
constexpr std::chrono::days expiry_warning{21};

bool covers(const std::vector<std::string>& names, const std::string& host) {
    return std::ranges::any_of(names, [&](const std::string& name) {
        if (name == host) return true;
        const std::size_t dot = host.find('.');
        return name.starts_with("*.") && dot != std::string::npos &&
               name.substr(1) == host.substr(dot);
    });
}

}  // namespace

void check_certificates(const config::Config& config, Findings& out) {
    using Kind = Finding::Kind;
    if (config.certificates.empty()) {
        out.push_back({Kind::warning, "certificates", "there is none: mail is taken in clear only.",
                       "Add a [[certificate]]; one from any authority will do for port 25."});
        return;
    }
    const WallTime now = system_clock().now();
    const auto context = make_server_tls(config, config::Service::submission, now);
    if (!context) {
        out.push_back({Kind::error, "certificates", context.error().text,
                       "Mend the files, or name others under [[certificate]]."});
        return;
    }
    bool is_covered = false;
    for (const tls::CertificateStatus& status : (*context)->certificates()) {
        is_covered = is_covered || covers(status.names, config.site.hostname);
        const bool is_soon = status.expires - now < expiry_warning;
        out.push_back({is_soon ? Kind::warning : Kind::good, "certificate " + status.subject,
                       fmt::format("good until {}.", admin::utc_text(status.expires)),
                       is_soon ? "Renew it, then reload." : ""});
    }
    if (!is_covered)
        out.push_back({Kind::warning, "certificates",
                       fmt::format("none bears the name {}.", config.site.hostname),
                       "Clients that check the name will refuse it: get one for that name."});
}

void check_routes(const Known& known, Findings& out) {
    using Kind = Finding::Kind;
    if (!known.is_known) return;
    if (known.domains.empty())
        out.push_back({Kind::warning, "domains", "there are none yet, so all mail is refused.",
                       "pidge domain add example.org"});
    const auto has = [&](const std::string& pattern) {
        return std::ranges::find(known.routes, pattern) != known.routes.end();
    };
    for (const std::string& domain : known.domains) {
        bool is_routed = has(domain);
        for (std::size_t dot = domain.find('.'); dot != std::string::npos && !is_routed;
             dot = domain.find('.', dot + 1))
            is_routed = has(domain.substr(dot));
        if (is_routed || has("*"))
            out.push_back({Kind::good, "domain " + domain, "has a route to its mailboxes.", ""});
        else
            out.push_back(
                {Kind::warning, "domain " + domain,
                 "has no route, so mail for its addresses goes by MX, perhaps back to "
                 "this machine.",
                 fmt::format("pidge route set {} --lmtp MAILBOX-HOST (or --host)", domain)});
    }
}

void check_passwords(const Known& known, Findings& out) {
    for (std::size_t i = 0; i < known.password_files.size(); ++i) {
        if (known.password_files[i].empty()) continue;
        const auto secret = crypto::read_secret_file(known.password_files[i]);
        const std::string about = "route " + known.routes[i];
        if (secret)
            out.push_back({Finding::Kind::good, about, "has a password for its host.", ""});
        else
            out.push_back({Finding::Kind::error, about, secret.error().text,
                           "The server must be able to read it, and not everybody."});
    }
}

// [J10] Date and Received are right to one second only if the clock is.
void check_clock(Findings& out) {
    using Kind = Finding::Kind;
    timex clock{};
    const int state = ::adjtimex(&clock);
    if (state < 0)
        out.push_back({Kind::warning, "clock",
                       "the kernel does not tell whether it is synchronised.",
                       "Look at what your time service says: timedatectl, or chronyc tracking."});
    else if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0)
        out.push_back(
            {Kind::warning, "clock", "the kernel says that it is not synchronised.",
             "Run a time service: systemctl enable --now systemd-timesyncd (or chrony)."});
    else
        out.push_back({Kind::good, "clock", "synchronised.", ""});
}

std::vector<Finding> check(const config::Config& config, CheckOptions options) {
    Findings out;
    out.push_back({Finding::Kind::good, "configuration", config.file + " is right.", ""});
    const Known known = learn(config, out);
    check_certificates(config, out);
    check_listeners(config, known, out);
    check_relay(config, out);
    check_folders(config, known, out);
    check_database(config, out);
    check_routes(known, out);
    check_passwords(known, out);
    check_clock(out);
    if (options.asks_dns) check_dns(config, known, out);
    return out;
}

}  // namespace pidge::program
