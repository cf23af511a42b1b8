// What check() finds about the database of engine postgres.
#include <fmt/format.h>

#include "program/assembly/open_store.h"
#include "program/assembly/patroni_watch.h"
#include "program/check/parts.h"
#include "system/net/endpoint.h"
#include "system/store/objects/advice.h"
#include "system/store/objects/bucket.h"

namespace pidge::program {

namespace {

void check_patroni(const config::Config& config, Findings& out) {
    using Verdict = patroni::Seen::Verdict;
    http::Exchanger exchanger({});
    for (const std::string& place : patroni_places(config)) {
        const patroni::Seen seen = patroni::look(exchanger, place);
        const std::string about = "patroni at " + place;
        if (seen.verdict == Verdict::safe)
            out.push_back({Finding::Kind::good, about, fmt::format("is {}.", seen.version), ""});
        else if (seen.verdict == Verdict::loses_mail)
            out.push_back({Finding::Kind::error, about,
                           fmt::format("is {}. {}", seen.version, patroni::why_unsafe()),
                           patroni::how_to_mend()});
        else
            out.push_back({Finding::Kind::warning, about,
                           fmt::format("its version is not known: {}.", seen.reason),
                           "Name where Patroni answers in store.patroni, or write \"off\" there if "
                           "nobody keeps this database by Patroni."});
    }
}

// Without TLS, and not on this machine.
bool is_open_to_readers(std::string_view endpoint) {
    constexpr std::string_view scheme = "http://";
    if (!endpoint.starts_with(scheme)) return false;
    std::string_view host = endpoint.substr(scheme.size());
    host =
        host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
    const auto address = net::Address::parse(host);
    return address ? !address->is_loopback() : host != "localhost";
}

void check_objects(const config::Config& config, Findings& out) {
    if (config.objects.bucket.empty()) return;
    const std::string about = "object store";
    const auto options = bucket_options(config);
    if (!options) {
        out.push_back({Finding::Kind::error, about, options.error().text,
                       "Let objects.secret_file hold the secret, readable for the server's user."});
        return;
    }
    if (is_open_to_readers(config.objects.endpoint))
        out.push_back({Finding::Kind::warning, about,
                       "mail goes there in the clear: whoever is on the network reads it.",
                       "Let objects.endpoint begin with https."});
    const std::string why = store::Bucket(**options).try_out();
    if (why.empty())
        out.push_back({Finding::Kind::good, about,
                       "takes, gives, lists and removes objects in " + config.objects.bucket + ".",
                       ""});
    else
        out.push_back({Finding::Kind::error, about, why + ".", store::objects_advice(why)});
}

}  // namespace

void check_database(const config::Config& config, Findings& out) {
    if (config.store.engine != config::Store::Engine::postgres) {
        if (!config.objects.bucket.empty())
            out.push_back({Finding::Kind::warning, "object store",
                           "no body goes there: the embedded store keeps them all.",
                           "Remove [objects], or set store.engine = \"postgres\"."});
        return;
    }
    check_objects(config, out);
    constexpr std::string_view about = "database";
    const auto options = postgres_options(config);
    if (!options) {
        out.push_back({Finding::Kind::error, std::string(about), options.error().text,
                       "Let the file hold the password, readable for the server's user."});
        return;
    }
    for (const store::PostgresFinding& found : store::examine_postgres(*options)) {
        using Kind = store::PostgresFinding::Kind;
        const Finding::Kind kind = found.kind == Kind::good      ? Finding::Kind::good
                                   : found.kind == Kind::warning ? Finding::Kind::warning
                                                                 : Finding::Kind::error;
        out.push_back({kind, std::string(about), found.text, found.advice});
    }
    check_patroni(config, out);
}

}  // namespace pidge::program
