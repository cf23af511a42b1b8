#include <doctest/doctest.h>

#include "system/store/postgres/postgres_store.h"

using namespace pidge::store;

TEST_CASE("the hosts of a connection string are known in all its forms") {
    using Hosts = std::vector<std::string>;
    CHECK(postgres_hosts("host=db1,db2,db3 dbname=pidge user=pidge") == Hosts{"db1", "db2", "db3"});
    CHECK(postgres_hosts("postgresql://pidge@db1:5432,db2:5433/pidge") == Hosts{"db1", "db2"});
    CHECK(postgres_hosts("host=db1,db2 hostaddr=192.0.2.1,") == Hosts{"192.0.2.1", "db2"});
    CHECK(postgres_hosts("hostaddr=2001:db8::1") == Hosts{"2001:db8::1"});
    // Sockets of this machine are no hosts.
    CHECK(postgres_hosts("host=/run/postgresql,db2") == Hosts{"db2"});
    CHECK(postgres_hosts("host=/run/postgresql").empty());
    CHECK(postgres_hosts("what is this").empty());
}
