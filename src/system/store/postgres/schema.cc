#include "system/store/postgres/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace pidge::store::postgres {

namespace {

SpaceStatements make_statements(Space space) {
    const std::string table = fmt::format("pidge_{}", space_name(space));
    const auto statement = [&](std::string_view verb, const std::string& text) {
        return Statement{fmt::format("{}-{}", verb, table), text};
    };
    const std::string rows = "SELECT * FROM unnest($1::bytea[], $2::bytea[])";
    const std::string range = "k >= $1::bytea AND ($2::bytea IS NULL OR k < $2::bytea)";
    return {
        .get = statement("get", fmt::format("SELECT v FROM {} WHERE k = $1::bytea", table)),
        .multi_get =
            statement("gets", fmt::format("SELECT k, v FROM {} WHERE k = ANY($1::bytea[])", table)),
        .scan_up = statement("up", fmt::format("SELECT k, v FROM {} WHERE {} ORDER BY k LIMIT "
                                               "$3::bigint",
                                               table, range)),
        .scan_down = statement("down", fmt::format("SELECT k, v FROM {} WHERE {} ORDER BY k DESC "
                                                   "LIMIT $3::bigint",
                                                   table, range)),
        // In order of keys, so that two nodes that lock the same rows do not wait for each other.
        .lock = statement("lock", fmt::format("SELECT k, v FROM {} WHERE k = ANY($1::bytea[]) "
                                              "ORDER BY k FOR UPDATE",
                                              table)),
        .insert_new = statement("new", fmt::format("INSERT INTO {} (k, v) {}", table, rows)),
        .put = statement("put", fmt::format("INSERT INTO {} (k, v) {} ON CONFLICT (k) DO UPDATE "
                                            "SET v = excluded.v",
                                            table, rows)),
        .erase =
            statement("erase", fmt::format("DELETE FROM {} WHERE k = ANY($1::bytea[])", table)),
        .erase_range = statement("range", fmt::format("DELETE FROM {} WHERE {}", table, range)),
    };
}

std::string table_definition(Space space) {
    const bool has_leases = space == Space::due;
    return fmt::format(
        "CREATE TABLE IF NOT EXISTS pidge_{} (k bytea PRIMARY KEY, v bytea NOT NULL{})",
        space_name(space),
        has_leases ? ", holder bigint NOT NULL DEFAULT 0, fence bigint NOT NULL DEFAULT 0, "
                     "until bigint NOT NULL DEFAULT 0"
                   : "");
}

// How rows lie on the pages. Bodies of a few kilobytes stay in their row, uncompressed: most mail
// that is large is compressed already. Rows that are rewritten all the time get room beside them.
std::vector<std::string> table_settings() {
    return {
        "ALTER TABLE pidge_chunk ALTER COLUMN v SET STORAGE EXTERNAL",
        "ALTER TABLE pidge_chunk SET (toast_tuple_target = 8160)",
        "ALTER TABLE pidge_counter SET (fillfactor = 50)",
        "ALTER TABLE pidge_committer SET (fillfactor = 50)",
        "ALTER TABLE pidge_holder SET (fillfactor = 50)",
        "ALTER TABLE pidge_due SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)",
        "ALTER TABLE pidge_queue SET (autovacuum_vacuum_scale_factor = 0.05)",
    };
}

std::vector<std::string> definitions() {
    std::vector<std::string> all{
        "CREATE TABLE IF NOT EXISTS pidge_schema (name text PRIMARY KEY, value bigint NOT NULL)",
        "CREATE TABLE IF NOT EXISTS pidge_holder (id bigint PRIMARY KEY, node text NOT NULL, "
        "alive_until bigint NOT NULL)",
        "CREATE TABLE IF NOT EXISTS pidge_committer (id bigint PRIMARY KEY, seq bigint NOT NULL, "
        "resolved bigint NOT NULL)",
    };
    for (const SpaceInfo& info : spaces()) all.push_back(table_definition(info.space));
    std::ranges::copy(table_settings(), std::back_inserter(all));
    for (const std::string_view name : {"version", "readable_by"})
        all.push_back(
            fmt::format("INSERT INTO pidge_schema VALUES ('{}', {}) ON CONFLICT (name) "
                        "DO UPDATE SET value = greatest(pidge_schema.value, "
                        "excluded.value)",
                        name, schema_version));
    return all;
}

}  // namespace

const SpaceStatements& statements(Space space) {
    static const std::map<Space, SpaceStatements> all = [] {
        std::map<Space, SpaceStatements> made;
        for (const SpaceInfo& info : spaces())
            made.emplace(info.space, make_statements(info.space));
        return made;
    }();
    return all.at(space);
}

Result<void> make_tables(Connection& connection, Deadline deadline) {
    try {
        int number = 0;
        connection.send({"begin", "BEGIN"});
        for (const std::string& definition : definitions())
            connection.send({fmt::format("make-{}", ++number), definition});
        connection.send({"commit", "COMMIT"});
        connection.answers(deadline);
    } catch (const Refused& refused) {
        connection.roll_back(deadline);
        // Two at the same time: the other one has made them.
        if (refused.is_unique()) return check_tables(connection, deadline);
        return Refusal{.kind = Refusal::Kind::policy,
                       .text = fmt::format("The tables of the store cannot be made: {}. The "
                                           "database's user must be allowed to create tables.",
                                           refused.what())};
    }
    return {};
}

Result<void> check_tables(Connection& connection, Deadline deadline) {
    std::map<std::string, std::int64_t> values;
    try {
        const Rows rows =
            connection.ask({"schema", "SELECT name, value FROM pidge_schema"}, {}, deadline);
        for (std::size_t i = 0; i < rows.size(); ++i) values[rows.text(i, 0)] = rows.number(i, 1);
    } catch (const Refused& refused) {
        if (refused.state != "42P01")
            return Refusal{.kind = Refusal::Kind::policy,
                           .text = fmt::format("The store cannot be read: {}.", refused.what())};
        return Refusal{.kind = Refusal::Kind::not_found,
                       .text =
                           "The database has no pidge store yet. Make one by: pidge store "
                           "init"};
    }
    if (values["readable_by"] > schema_version)
        return Refusal{.kind = Refusal::Kind::unsupported,
                       .text = fmt::format("The store was made by a newer version of pidge (schema "
                                           "{}; this one knows {}).",
                                           values["version"], schema_version)};
    if (values["version"] < schema_version)
        return Refusal{.kind = Refusal::Kind::unsupported,
                       .text = fmt::format("The store is of an older version of pidge (schema {}). "
                                           "Bring it up to date by: pidge store init",
                                           values["version"])};
    return {};
}

}  // namespace pidge::store::postgres
