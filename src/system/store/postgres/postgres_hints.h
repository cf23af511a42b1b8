// PostgresHints: hints between nodes by NOTIFY, on connections of their own: within a transaction
// that writes it would make all commits wait for each other. What waits is sent together, each
// subject once. A listener that has to connect anew, or that heard nothing for long, is told to
// look at everything.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "system/store/hint_channel.h"
#include "system/store/postgres/connection.h"

namespace pidge::store::postgres {

class PostgresHints final : public HintChannel {
 public:
    explicit PostgresHints(PostgresOptions options);
    ~PostgresHints() override;  // what waits is sent, if the database answers

    void send(const Bytes& subject) override;
    void listen(std::function<void(const Bytes& subject)> listener) override;

 private:
    void run_sender();
    void send_all(const std::set<Bytes>& subjects);
    void run_listener();
    void hear(const std::string& payload);
    bool pause(std::chrono::milliseconds time);

    const PostgresOptions options_;
    const std::string name_;  // of this process; its own hints are not heard
    std::function<void(const Bytes& subject)> listener_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::set<Bytes> waiting_;  // an empty one: everything
    bool is_stopping_ = false;
    std::unique_ptr<Connection> sending_;
    Connection* listening_ = nullptr;
    std::thread sender_, hearer_;
};

}  // namespace pidge::store::postgres
