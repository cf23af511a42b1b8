// What an administrator should know of the database server.
#include <fmt/format.h>

#include "system/store/postgres/limits.h"
#include "system/store/postgres/postgres_store.h"
#include "system/store/postgres/schema.h"

namespace pidge::store {

namespace {

using postgres::Connection;
using postgres::Deadline;
using Kind = PostgresFinding::Kind;
using Findings = std::vector<PostgresFinding>;

// Of the server itself, not of our own session, which is stricter.
const postgres::Statement settings{
    "settings",
    "SELECT (SELECT setting FROM pg_settings WHERE name = 'fsync'), "
    "(SELECT setting FROM pg_settings WHERE name = 'full_page_writes'), "
    "(SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), "
    "(SELECT setting FROM pg_settings WHERE name = 'synchronous_standby_names'), "
    "(SELECT setting FROM pg_settings WHERE name = 'cluster_name'), "
    "(SELECT setting FROM pg_settings WHERE name = 'max_connections'), "
    "(SELECT setting FROM pg_settings WHERE name = 'server_version')"};

void examine_durability(const postgres::Rows& rows, Findings& out) {
    if (rows.octets(0, 0) != "on" || rows.octets(0, 1) != "on")
        out.push_back({Kind::error,
                       "fsync or full_page_writes is off: a power cut destroys acknowledged mail; "
                       "pidge does not start on this server.",
                       "Switch both on in postgresql.conf."});
    else
        out.push_back({Kind::good, "writes what it acknowledges to the disk (fsync is on).", ""});
    if (rows.octets(0, 2) == "off" || rows.octets(0, 2) == "local")
        out.push_back({Kind::warning,
                       fmt::format("synchronous_commit is {} by default; pidge's own commits are "
                                   "synchronous all the same.",
                                   rows.text(0, 2)),
                       "Set it to on, so that nobody relies on the wrong thing."});
    if (rows.octets(0, 3).empty())
        out.push_back({Kind::warning,
                       "has no synchronous standby: with this machine's disk everything since the "
                       "last copy is lost.",
                       "Set synchronous_standby_names; with Patroni synchronous_mode: true."});
    else
        out.push_back({Kind::good,
                       fmt::format("commits on synchronous standbys too ({}).", rows.text(0, 3)),
                       ""});
}

}  // namespace

std::vector<PostgresFinding> examine_postgres(const PostgresOptions& options) {
    Findings out;
    try {
        Connection connection(options, postgres::Durable::later);
        const Deadline deadline = std::chrono::steady_clock::now() + options.deadline;
        const auto rows = connection.ask(settings, {}, deadline);
        const int version = connection.server_version();
        if (version < postgres_limits::server_version_min)
            out.push_back(
                {Kind::error,
                 fmt::format("is PostgreSQL {}; pidge needs {} or later.", rows.text(0, 6),
                             postgres_limits::server_version_min / 10000),
                 "Upgrade the server."});
        else
            out.push_back(
                {Kind::good, fmt::format("answers (PostgreSQL {}).", rows.text(0, 6)), ""});
        examine_durability(rows, out);
        const auto tables = postgres::check_tables(connection, deadline);
        if (tables)
            out.push_back({Kind::good, "holds a pidge store.", ""});
        else
            out.push_back({Kind::error, tables.error().text, "Run: pidge store init"});
    } catch (const postgres::Lost& lost) {
        out.push_back({Kind::error, fmt::format("{}.", lost.what()),
                       "See that a server among the hosts of store.conninfo is up, is the primary, "
                       "and lets this user in (pg_hba.conf)."});
    } catch (const postgres::Refused& refused) {
        out.push_back({Kind::error, fmt::format("refuses: {}.", refused.what()), ""});
    }
    return out;
}

}  // namespace pidge::store
