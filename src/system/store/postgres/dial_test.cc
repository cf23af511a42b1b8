#include "system/store/postgres/dial.h"

#include <doctest/doctest.h>

#include "system/store/postgres/connection.h"
#include "system/store/postgres/testing/test_database.h"

using namespace pidge::store;
using namespace pidge::store::postgres;

TEST_CASE("A list of hosts becomes a conninfo for each, in all forms that libpq takes") {
    using Hosts = std::vector<std::string>;
    CHECK(single_hosts("host=a,b port=1,2 dbname=mail") ==
          Hosts{"dbname='mail' host='a' port='1'", "dbname='mail' host='b' port='2'"});
    CHECK(single_hosts("host=a,b port=5433") ==
          Hosts{"host='a' port='5433'", "host='b' port='5433'"});
    CHECK(single_hosts("hostaddr=192.0.2.1,192.0.2.2 host=a,b") ==
          Hosts{"host='a' hostaddr='192.0.2.1'", "host='b' hostaddr='192.0.2.2'"});
    CHECK(single_hosts("postgresql://me@a:1,b:2/mail") ==
          Hosts{"dbname='mail' host='a' port='1' user='me'",
                "dbname='mail' host='b' port='2' user='me'"});
    CHECK(
        single_hosts("host=a,b password='it\\'s \\\\ secret'") ==
        Hosts{"host='a' password='it\\'s \\\\ secret'", "host='b' password='it\\'s \\\\ secret'"});
}

TEST_CASE("What has no list of hosts, or a wrong one, stays as it is") {
    for (const std::string conninfo :
         {"host=a dbname=mail", "dbname=mail", "", "host=a,b,c port=1,2", "host='", "nonsense"})
        CHECK(single_hosts(conninfo) == std::vector<std::string>{conninfo});
}

TEST_CASE("[O5] The primary is found among hosts that are not there") {
    const std::string good = test_server().conninfo("model");
    const auto at = good.find("host=");
    REQUIRE(at != std::string::npos);
    std::string several = good;
    several.insert(at + 5, "/nowhere,");
    CHECK(single_hosts(several).size() == 2);
    CHECK(dial({.conninfo = several}) != nullptr);
}

TEST_CASE("Where none can be reached each host's reason is told") {
    try {
        dial({.conninfo = "host=/nowhere,/neither dbname=mail"});
        FAIL("there is no such server");
    } catch (const Lost& lost) {
        CHECK(std::string(lost.what()).find("/nowhere/") != std::string::npos);
        CHECK(std::string(lost.what()).find("/neither/") != std::string::npos);
    }
}
