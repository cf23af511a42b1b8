// Connection: one session with the primary, in libpq's pipeline mode. Statements are sent together
// and answered together; whatever does not answer within the deadline counts as lost, because a
// frozen server still acknowledges TCP. Nothing is ever cancelled. Internal to the engine.
//
// Used by one thread at a time. Blocks; not for event loops.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "system/net/owned_fd.h"
#include "system/store/postgres/closing.h"
#include "system/store/postgres/dial.h"
#include "system/store/postgres/postgres_store.h"
#include "system/store/postgres/values.h"

namespace pidge::store::postgres {

using Deadline = std::chrono::steady_clock::time_point;

// The connection is gone, or must be taken for gone. Nobody knows whether what was sent last
// happened.
class Lost : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

// The server refused a statement; the connection is good, its transaction is not.
class Refused : public std::runtime_error {
 public:
    Refused(std::string state, const std::string& text)
        : std::runtime_error(text), state(std::move(state)) {}
    bool is_race() const;       // somebody else was first: roll back and run again
    bool is_disk_full() const;  // 53100
    bool is_unique() const { return state == "23505"; }
    const std::string state;  // SQLSTATE
};

// A statement is prepared under its name when a connection first uses it.
struct Statement {
    std::string name;
    std::string text;
};

enum class Durable : std::uint8_t {
    yes,    // a commit is on the disk, and on the synchronous standbys, before it is answered
    later,  // with the next durable one; what may be lost in a crash
};

class Connection {
 public:
    // Connects to whichever of the hosts is the primary. Throws Lost.
    Connection(const PostgresOptions& options, Durable durable);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void send(const Statement& statement, const Parameters& parameters = {});
    // One Rows for each statement sent since. Throws Lost or Refused (the first of them).
    std::vector<Rows> answers(Deadline deadline);
    Rows ask(const Statement& statement, const Parameters& parameters, Deadline deadline);
    // On a connection that is otherwise Durable::later: what is sent from here to the next answers
    // is durable when durable_answers() returns. A transaction that changes nothing waits for
    // nobody.
    void begin_durable();
    std::vector<Rows> durable_answers(Deadline deadline);
    // After Refused within a transaction. Throws Lost.
    void roll_back(Deadline deadline);

    // Whether the server warned since the last call: "canceling wait for synchronous replication"
    // comes as a warning with a commit that says it succeeded.
    std::optional<std::string> take_warning();

    struct Notification {
        std::string payload;
    };
    // What has come; waits for it until the deadline.
    std::vector<Notification> notifications(Deadline deadline);
    void interrupt();  // any thread: ends a notifications() that waits

    int server_version() const;
    void cut();  // for tests: the network is gone

 private:
    void wait(Deadline deadline, bool for_writing);
    void flush(Deadline deadline);
    pg_conn* get() const { return connection_.get(); }
    [[noreturn]] void lose(std::string_view what) const;

    OwnedConnection connection_;
    const std::shared_ptr<const Closing> closing_;  // null: nothing closes
    std::set<std::string> prepared_;
    std::vector<bool> sent_;  // true: a statement; false: its preparation
    std::vector<std::string> preparing_;
    std::optional<std::string> warning_;
    const net::OwnedFd wake_fd_;
};

}  // namespace pidge::store::postgres
