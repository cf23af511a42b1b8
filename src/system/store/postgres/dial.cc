#include "system/store/postgres/dial.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <new>

#include "base/text.h"
#include "system/store/postgres/closing.h"
#include "system/store/postgres/connection.h"
#include "system/store/postgres/limits.h"

namespace pidge::store::postgres {

namespace {

using std::chrono::steady_clock;

// The values of a conninfo that were given; empty: it cannot be read.
std::map<std::string, std::string> values_of(const std::string& conninfo) {
    std::map<std::string, std::string> values;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        ::PQconninfoParse(conninfo.c_str(), nullptr), ::PQconninfoFree);
    if (!options) return values;
    for (const PQconninfoOption* option = options.get(); option->keyword; ++option)
        if (option->val) values[option->keyword] = option->val;
    return values;
}

std::string quoted(std::string_view value) {
    std::string text = "'";
    for (const char each : value) {
        if (each == '\'' || each == '\\') text += '\\';
        text += each;
    }
    return text + "'";
}

// The item of a list that may have one for all.
std::string_view item(const std::vector<std::string_view>& list, std::size_t number) {
    return list.size() == 1 ? list.front() : list.at(number);
}

// One of the connections that are being made.
struct Call {
    std::string conninfo;
    OwnedConnection connection;
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
    steady_clock::time_point ended;  // when it was declined

    bool is_under_way() const {
        return wants == PGRES_POLLING_READING || wants == PGRES_POLLING_WRITING;
    }
    pollfd socket() const {
        return {::PQsocket(connection.get()),
                static_cast<short>(wants == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    }
};

OwnedConnection begin(const std::string& conninfo, const PostgresOptions& options) {
    // What stands after the conninfo in this list has the last word.
    std::vector<const char*> keys{"application_name", "dbname", "target_session_attrs",
                                  "client_encoding"};
    std::vector<const char*> values{"pidge", conninfo.c_str(), "read-write", "UTF8"};
    if (!options.password.empty()) {
        keys.push_back("password");
        values.push_back(options.password.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    OwnedConnection connection(::PQconnectStartParams(keys.data(), values.data(), 1), ::PQfinish);
    if (!connection) throw std::bad_alloc();
    return connection;
}

void begin(Call& call, const PostgresOptions& options) {
    call.connection = begin(call.conninfo, options);
    const bool is_bad = ::PQstatus(call.connection.get()) == CONNECTION_BAD;
    call.wants = is_bad ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    call.ended = steady_clock::now();
}

std::chrono::seconds patience_of(const PostgresOptions& options) {
    const auto values = values_of(options.conninfo);
    const auto wanted = values.find("connect_timeout");
    if (wanted == values.end()) return postgres_limits::connect_timeout;
    std::int64_t given = 0;
    const std::string& digits = wanted->second;
    std::from_chars(digits.data(), digits.data() + digits.size(), given);
    if (given <= 0) return postgres_limits::connect_timeout;
    return std::min(std::chrono::seconds(given), postgres_limits::connect_timeout_max);
}

[[noreturn]] void give_up(const std::vector<Call>& calls) {
    std::string reasons;
    for (const Call& call : calls) {
        const std::string_view said = ::PQerrorMessage(call.connection.get());
        const std::string_view line = said.substr(0, said.find('\n'));
        const char* const host = ::PQhost(call.connection.get());
        reasons += reasons.empty() ? ": " : "; ";
        reasons += call.is_under_way() ? (host ? host : "") + std::string(" did not answer")
                                       : std::string(line);
    }
    throw Lost("the database cannot be reached" + reasons);
}

}  // namespace

std::vector<std::string> single_hosts(const std::string& conninfo) {
    auto values = values_of(conninfo);
    const std::string hosts = values["host"], addresses = values["hostaddr"],
                      ports = values["port"];
    const auto host = text::split(hosts, ','), address = text::split(addresses, ','),
               port = text::split(ports, ',');
    const std::size_t count = std::max(host.size(), address.size());
    const auto fits = [count](const auto& list) {
        return list.size() <= 1 || list.size() == count;
    };
    if (count <= 1 || !fits(host) || !fits(address) || !fits(port)) return {conninfo};
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) {
        if (!hosts.empty()) values["host"] = item(host, i);
        if (!addresses.empty()) values["hostaddr"] = item(address, i);
        if (!ports.empty()) values["port"] = item(port, i);
        std::string one;
        for (const auto& [key, value] : values)
            if (!value.empty()) one += (one.empty() ? "" : " ") + key + "=" + quoted(value);
        all.push_back(std::move(one));
    }
    return all;
}

OwnedConnection dial(const PostgresOptions& options) {
    if (options.closing && options.closing->is_over()) throw Lost("the store is closing");
    const auto end = steady_clock::now() + patience_of(options);
    std::vector<Call> calls;
    for (std::string& conninfo : single_hosts(options.conninfo)) {
        calls.push_back({std::move(conninfo), {nullptr, ::PQfinish}, {}, {}});
        begin(calls.back(), options);
    }
    for (;;) {
        const auto now = steady_clock::now();
        if (now >= end || std::ranges::none_of(calls, &Call::is_under_way)) give_up(calls);
        auto wake = end;
        std::vector<pollfd> sockets;
        std::vector<Call*> waiting;
        for (Call& call : calls) {
            const auto again = call.ended + postgres_limits::ask_again;
            if (!call.is_under_way() && now >= again) begin(call, options);
            if (call.is_under_way()) {
                sockets.push_back(call.socket());
                waiting.push_back(&call);
            } else {
                wake = std::min(wake, std::max(again, now));
            }
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake - now).count();
        ::poll(sockets.data(), sockets.size(), static_cast<int>(left));
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (sockets[i].revents == 0) continue;
            waiting[i]->wants = ::PQconnectPoll(waiting[i]->connection.get());
            waiting[i]->ended = steady_clock::now();
            if (waiting[i]->wants == PGRES_POLLING_OK) return std::move(waiting[i]->connection);
        }
    }
}

}  // namespace pidge::store::postgres
