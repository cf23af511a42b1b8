// Schema: the tables, plain and portable: no procedure, trigger, sequence or advisory lock.
//
//   pidge_NAME (k bytea primary key, v bytea)     one for each space (space.h)
//   pidge_due  … and (holder, fence, until)       who has leased the item, until when; 0: nobody
//   pidge_holder (id, node, alive_until)          running nodes; a lease of one that is not is void
//   pidge_committer (id, seq, resolved)           the last group of each committer (writer.h)
//   pidge_schema (name, value)                    'version', and 'readable_by': the oldest version
//                                                 of the schema whose programs may use it
//
// Times are microseconds since 1970 by the database's own clock.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "system/store/postgres/connection.h"
#include "system/store/space.h"

namespace pidge::store::postgres {

inline constexpr std::int64_t schema_version = 1;

// The statements that concern one space.
struct SpaceStatements {
    Statement get;        // k → v
    Statement multi_get;  // k[] → k, v
    Statement scan_up;    // from, to (NULL: the end), limit → k, v
    Statement scan_down;
    Statement lock;         // k[], in order → k, v, and others keep off
    Statement insert_new;   // k[], v[]; refused when one is there
    Statement put;          // k[], v[]
    Statement erase;        // k[]
    Statement erase_range;  // from, to (NULL: the end)
};
const SpaceStatements& statements(Space space);

// As expressions.
#define PIDGE_DATABASE_NOW "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
inline constexpr std::string_view database_now = PIDGE_DATABASE_NOW;
// Whether the lease in a row of pidge_due has not expired. $1: the time by which leases expire,
// NULL for the database's clock.
#define PIDGE_LEASE_LASTS "until > coalesce($1::bigint, " PIDGE_DATABASE_NOW ")"
inline constexpr std::string_view lease_lasts = PIDGE_LEASE_LASTS;
// Whether nobody else may have it: besides, $2 is false (the dead keep what they had), or its
// holder is alive.
inline constexpr std::string_view lease_is_held =
    "(" PIDGE_LEASE_LASTS
    " AND (NOT $2::boolean OR holder IN (SELECT id FROM pidge_holder WHERE alive_until "
    "> " PIDGE_DATABASE_NOW ")))";
#undef PIDGE_LEASE_LASTS
#undef PIDGE_DATABASE_NOW

Result<void> make_tables(Connection& connection, Deadline deadline);
// Whether this program can use what is there.
Result<void> check_tables(Connection& connection, Deadline deadline);

}  // namespace pidge::store::postgres
