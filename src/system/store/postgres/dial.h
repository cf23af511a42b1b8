// Dialling: a new connection with whichever of the hosts in the conninfo is the primary. All are
// asked at the same time, and those that decline again and again as long as another has not
// answered: so one that answers nothing (frozen, cut off) delays nobody, and the standby that
// becomes primary meanwhile is found. Internal to the engine; blocks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "system/store/postgres/postgres_store.h"

struct pg_conn;

namespace pidge::store::postgres {

using OwnedConnection = std::unique_ptr<pg_conn, void (*)(pg_conn*)>;

// In PostgreSQL's own manner, which takes the hosts in turn, a conninfo for each of its hosts; one
// that cannot be read, or has no list, stays as it is.
std::vector<std::string> single_hosts(const std::string& conninfo);

// Throws Lost with what each host said.
OwnedConnection dial(const PostgresOptions& options);

}  // namespace pidge::store::postgres
