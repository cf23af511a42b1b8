#include "system/store/postgres/testing/test_database.h"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace pidge::store::postgres {

namespace {

std::string next_name() {
    static int last = 0;
    return "site" + std::to_string(++last);
}

}  // namespace

TestServer& test_server() {
    static TestServer server;
    static const bool is_ready = [] {
        server.sql("CREATE DATABASE model TEMPLATE template0");
        const auto made = init_postgres({.conninfo = server.conninfo("model")});
        if (!made) throw std::runtime_error(made.error().text);
        return true;
    }();
    (void)is_ready;
    return server;
}

std::unique_ptr<Store> open_for_test(PostgresOptions options, const Clock& clock) {
    if (&clock != &system_clock())
        options.lease_clock_us = [&clock] {
            return std::chrono::duration_cast<std::chrono::microseconds>(
                       clock.steady().time_since_epoch())
                .count();
        };
    options.takeover_after = {};
    auto store = open_postgres(std::move(options), clock);
    if (!store) throw std::runtime_error(store.error().text);
    return *std::move(store);
}

TestDatabase::TestDatabase() : name_(next_name()) {
    test_server().sql("CREATE DATABASE " + name_ + " TEMPLATE model");
}

TestDatabase::~TestDatabase() {
    try {
        test_server().sql("DROP DATABASE " + name_ + " WITH (FORCE)");
    } catch (const std::runtime_error&) {
        // It goes with the server.
        return;
    }
}

std::unique_ptr<Store> TestDatabase::open(const Clock& clock, PostgresOptions options) const {
    for (int i = 0; i < 500; ++i) {
        if (sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                "state <> 'idle' AND pid <> pg_backend_pid()") == "0")
            break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    options.conninfo = conninfo();
    return open_for_test(std::move(options), clock);
}

}  // namespace pidge::store::postgres
