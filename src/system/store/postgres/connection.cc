#include "system/store/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/check.h"
#include "system/store/postgres/dial.h"
#include "system/store/postgres/limits.h"

namespace pidge::store::postgres {

namespace {

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

std::string field(const pg_result* result, int code) {
    const char* const value = ::PQresultErrorField(result, code);
    return value ? value : "";
}

// A server that is going away, is not up yet, or is no primary any more: look for another.
bool is_departure(std::string_view state) {
    return state.starts_with("08") || state.starts_with("57P") || state == "25006";
}

// The last two are not known to all versions. A wait for a lock is longer than any deadline here.
const std::string common_settings =
    "set_config('client_min_messages', 'warning', false), "
    "set_config('default_transaction_isolation', 'read committed', false), "
    "set_config('lock_timeout', '60s', false), "
    "set_config('statement_timeout', '0', false), "
    "(SELECT count(set_config(name, '0', false)) FROM pg_settings "
    "WHERE name IN ('idle_session_timeout', 'transaction_timeout'))";

void note_warning(void* warning, const pg_result* result) {
    if (field(result, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING")
        *static_cast<std::optional<std::string>*>(warning) = field(result, PG_DIAG_MESSAGE_PRIMARY);
}

}  // namespace

bool Refused::is_race() const {
    // Serialization failure, deadlock, lock timeout, and a key that was not there a moment ago.
    return state == "40001" || state == "40P01" || state == "55P03" || is_unique();
}

bool Refused::is_disk_full() const {
    return state == "53100";
}

Connection::Connection(const PostgresOptions& options, Durable durable)
    : connection_(dial(options)),
      closing_(options.closing),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    ::PQsetNoticeReceiver(get(), note_warning, &warning_);
    check(::PQsetnonblocking(get(), 1) == 0 && ::PQenterPipelineMode(get()) == 1,
          "a new connection enters pipeline mode");
    // Whatever the defaults of the role and of the database are: an acknowledged commit is durable,
    // here and on the synchronous standbys, and a warning that it is not there comes through. The
    // server ends nothing that this side still waits for, but drops what a dead client left open.
    const Deadline deadline = std::chrono::steady_clock::now() + options.deadline;
    static const Statement strict{
        "strict",
        "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') "
        "= 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false), "
        "set_config('idle_in_transaction_session_timeout', '30s', false), " +
            common_settings};
    static const Statement loose{"loose",
                                 "SELECT set_config('synchronous_commit', 'off', false), "
                                 "set_config('idle_in_transaction_session_timeout', '0', false), " +
                                     common_settings};
    try {
        ask(durable == Durable::yes ? strict : loose, {}, deadline);
    } catch (const Refused& refused) {
        throw Lost(refused.what());
    }
}

void Connection::lose(std::string_view what) const {
    const std::string reason = connection_ ? first_line(::PQerrorMessage(get())) : "";
    throw Lost("the database " + std::string(what) + (reason.empty() ? "" : ": " + reason));
}

void Connection::send(const Statement& statement, const Parameters& parameters) {
    if (!prepared_.contains(statement.name) &&
        std::ranges::find(preparing_, statement.name) == preparing_.end()) {
        if (::PQsendPrepare(get(), statement.name.c_str(), statement.text.c_str(), 0, nullptr) != 1)
            lose("takes nothing");
        preparing_.push_back(statement.name);
        sent_.push_back(false);
    }
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const auto& value : parameters.values()) {
        values.push_back(value ? value->data() : nullptr);
        lengths.push_back(value ? static_cast<int>(value->size()) : 0);
    }
    const std::vector<int> formats(parameters.count(), 1);
    if (::PQsendQueryPrepared(get(), statement.name.c_str(), static_cast<int>(parameters.count()),
                              values.data(), lengths.data(), formats.data(), 1) != 1)
        lose("takes nothing");
    sent_.push_back(true);
}

void Connection::wait(Deadline deadline, bool for_writing) {
    if (closing_) deadline = closing_->cap(deadline);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw Lost("the database did not answer within the deadline");
    pollfd socket{::PQsocket(get()), static_cast<short>(POLLIN | (for_writing ? POLLOUT : 0)), 0};
    // In steps: the store may begin to close meanwhile.
    ::poll(&socket, 1, static_cast<int>(std::min(left, postgres_limits::wait_step).count()));
    if ((socket.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && ::PQconsumeInput(get()) != 1)
        lose("closed the connection");
}

void Connection::flush(Deadline deadline) {
    for (;;) {
        const int left = ::PQflush(get());
        if (left == 0) return;
        if (left < 0) lose("closed the connection");
        wait(deadline, true);
    }
}

std::vector<Rows> Connection::answers(Deadline deadline) {
    std::vector<Rows> answers;
    std::optional<Refused> refused;
    const std::vector<bool> sent = std::exchange(sent_, {});
    const std::vector<std::string> preparing = std::exchange(preparing_, {});
    if (::PQpipelineSync(get()) != 1) lose("takes nothing");
    flush(deadline);
    std::size_t at = 0, prepared = 0;
    for (bool is_synced = false; !is_synced;) {
        while (::PQisBusy(get()) != 0) wait(deadline, false);
        pg_result* const result = ::PQgetResult(get());
        if (!result) {
            if (::PQstatus(get()) != CONNECTION_OK) lose("closed the connection");
            continue;  // the end of one statement's results
        }
        Rows rows(result);
        switch (::PQresultStatus(result)) {
            case PGRES_PIPELINE_SYNC:
                is_synced = true;
                break;
            case PGRES_COMMAND_OK:
            case PGRES_TUPLES_OK:
                check(at < sent.size(), "the database answers what was not asked");
                if (sent[at++])
                    answers.push_back(std::move(rows));
                else
                    prepared_.insert(preparing[prepared++]);
                break;
            case PGRES_PIPELINE_ABORTED:
                break;
            default: {
                const std::string state = field(result, PG_DIAG_SQLSTATE);
                const std::string text = first_line(::PQresultErrorMessage(result));
                if (state.empty() || is_departure(state) || ::PQstatus(get()) != CONNECTION_OK)
                    throw Lost("the database ended the connection: " + text);
                if (!refused) refused.emplace(state, text);
            }
        }
    }
    if (refused) throw Refused(*refused);
    check(answers.size() == static_cast<std::size_t>(std::ranges::count(sent, true)),
          "each statement has its answer");
    return answers;
}

Rows Connection::ask(const Statement& statement, const Parameters& parameters, Deadline deadline) {
    send(statement, parameters);
    return answers(deadline).front();
}

void Connection::begin_durable() {
    static const Statement be_durable{"durable",
                                      "SELECT set_config('synchronous_commit', 'on', true)"};
    take_warning();
    send(be_durable);
}

std::vector<Rows> Connection::durable_answers(Deadline deadline) {
    std::vector<Rows> all = answers(deadline);
    // "canceling wait for synchronous replication"
    if (const auto warning = take_warning()) throw Lost(*warning);
    return all;
}

void Connection::roll_back(Deadline deadline) {
    static const Statement rollback{"rollback", "ROLLBACK"};
    try {
        ask(rollback, {}, deadline);
    } catch (const Refused& refused) {
        throw Lost(refused.what());
    }
}

std::optional<std::string> Connection::take_warning() {
    return std::exchange(warning_, std::nullopt);
}

std::vector<Connection::Notification> Connection::notifications(Deadline deadline) {
    std::vector<Notification> heard;
    for (;;) {
        if (::PQconsumeInput(get()) != 1) lose("closed the connection");
        while (PGnotify* const one = ::PQnotifies(get())) {
            heard.push_back({one->extra});
            ::PQfreemem(one);
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (!heard.empty() || left.count() <= 0) return heard;
        std::array<pollfd, 2> both{pollfd{::PQsocket(get()), POLLIN, 0},
                                   pollfd{wake_fd_.get(), POLLIN, 0}};
        ::poll(both.data(), both.size(), static_cast<int>(left.count()));
        if (both[1].revents != 0) return heard;
    }
}

void Connection::interrupt() {
    ::eventfd_write(wake_fd_.get(), 1);
}

int Connection::server_version() const {
    return ::PQserverVersion(get());
}

void Connection::cut() {
    ::shutdown(::PQsocket(get()), SHUT_RDWR);
}

}  // namespace pidge::store::postgres
