// TestDatabase: a database of its own on the test server, with an empty store; for one case.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "system/store/postgres/postgres_store.h"
#include "system/store/postgres/testing/test_server.h"

namespace pidge::store::postgres {

TestServer& test_server();  // one for the whole program

// Leases expire by the given clock. Throws std::runtime_error when it is refused.
std::unique_ptr<Store> open_for_test(PostgresOptions options, const Clock& clock);

class TestDatabase {
 public:
    TestDatabase();
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    std::string conninfo() const { return test_server().conninfo(name_); }
    std::string sql(std::string_view statements) const {
        return test_server().sql(statements, name_);
    }
    // Once what a process that was killed had sent has come to its end.
    std::unique_ptr<Store> open(const Clock& clock, PostgresOptions options = {}) const;

 private:
    const std::string name_;
};

}  // namespace pidge::store::postgres
