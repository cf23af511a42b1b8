// TestServer: a throw-away PostgreSQL, for tests. Ends with the process that made it.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

namespace pidge::store::postgres {

class TestServer {
 public:
    TestServer();  // throws std::runtime_error when there can be none
    ~TestServer();
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    // The string to connect with; `database` must exist.
    std::string conninfo(std::string_view database) const;
    // Runs the statements by psql; its output without line end.
    std::string sql(std::string_view statements, std::string_view database = "postgres") const;

    void stop();  // "immediate": as a kill does it, with recovery at the next start
    void start();
    void freeze();  // it still takes connections, but answers nothing
    void thaw();

 private:
    void signal_all(int number) const;
    std::string folder_;
    pid_t pid_ = -1;
};

}  // namespace pidge::store::postgres
