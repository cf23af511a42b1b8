#include "program/client/client.h"

#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "formats/json/text.h"
#include "program/assembly/node_keeper.h"
#include "program/assembly/open_store.h"
#include "services/admin/api.h"
#include "services/admin/commit.h"
#include "system/http/client.h"
#include "system/net/gone.h"
#include "system/net/socket_stream.h"
#include "system/net/spawn.h"
#include "system/nodes/node.h"
#include "system/store/archive/transfer.h"

namespace pidge::client {
namespace {

using namespace std::chrono_literals;

// A server under load answers in milliseconds.
constexpr auto sign_of_life = 10s;
// Of the refusal that says so.
constexpr Refusal::Kind hangs = Refusal::Kind::conflict;

Refusal unavailable(std::string text) {
    return {.kind = Refusal::Kind::temporary, .text = std::move(text)};
}

net::Task<http::Response> post(std::string socket, std::string body) {
    const auto stream = co_await net::connect_unix(std::move(socket), 5s);
    http::Request request;
    request.method = "POST";
    request.path = "/jmap";
    request.fields.set("Host", "localhost");
    request.fields.set("Content-Type", "application/json");
    request.fields.set("Connection", "close");
    request.body = std::move(body);
    http::Limits limits;
    limits.header_timeout = 10min;  // verifying a long audit log takes its time
    co_return co_await http::request(*stream, std::move(request), limits);
}

Result<json::Value> read_answer(const std::string& body) {
    auto value = json::parse(body);
    if (!value) return unavailable("The server's answer cannot be understood.");
    const json::Value* detail = value->find("detail");
    if (value->find("methodResponses") == nullptr)
        return Refusal{.kind = Refusal::Kind::syntax,
                       .text = detail != nullptr && detail->is_string() ? detail->string() : body};
    return *std::move(value);
}

class ServerClient final : public Client {
 public:
    explicit ServerClient(std::string socket) : socket_(std::move(socket)) {}

    bool is_server() const override { return true; }

    Result<json::Value> request(json::Value request) override {
        try {
            const auto response = net::run(post(socket_, json::serialise(request)));
            if (response.status == 503)
                return unavailable(
                    "The server cannot reach its store at the moment; its log "
                    "tells why.");
            return read_answer(response.body);
        } catch (const net::Gone& gone) {
            return unavailable(
                fmt::format("The server at {} does not answer: {}", socket_, gone.what()));
        }
    }

 private:
    const std::string socket_;
};

admin::Caller this_user() {
    const uid_t uid = ::getuid();
    const passwd* user = ::getpwuid(uid);
    return {.way = admin::Caller::Way::direct,
            .uid = uid,
            .name = user == nullptr ? std::string() : std::string(user->pw_name)};
}

// What the site's objects need of a store that no server runs on.
struct DirectSite {
    DirectSite(const config::Config& config, store::Store& store)
        : directory(store, system_clock(), config.site.hostname),
          trail(store, system_clock(), program::audit_log_name(config)),
          pool({.name = "passwords", .threads = 1}),
          status{
              {"hostname", config.site.hostname}, {"node", config.site.node}, {"isRunning", false}},
          parts{.store = store,
                .directory = directory,
                .trail = trail,
                .clock = system_clock(),
                .pool = pool,
                .plan_report = {},
                .wake = {},
                .status = [this] { return status; }} {}

    directory::Directory directory;
    audit::Trail trail;
    net::Pool pool;
    const json::Object status;
    admin::Parts parts;
};

class DirectClient final : public Client {
 public:
    DirectClient(const config::Config& config, std::unique_ptr<store::Store> store)
        : store_(std::move(store)), site_(config, *store_), api_(site_.parts) {
        net::run(site_.directory.reload());
    }

    bool is_server() const override { return false; }

    Result<json::Value> request(json::Value request) override {
        try {
            return read_answer(net::run(api_.call(json::serialise(request), this_user())).body);
        } catch (const store::Fault& fault) {
            return unavailable(fmt::format("The store cannot do this: {}", fault.what()));
        }
    }

 private:
    std::unique_ptr<store::Store> store_;
    DirectSite site_;
    admin::Api api_;
};

Result<std::unique_ptr<store::Store>> open_idle_store(const config::Config& config) {
    if (config.store.engine == config::Store::Engine::memory)
        return unavailable(
            "No server runs, and its store is in memory only: there is nothing to "
            "look at. Start it: pidge serve");
    auto store = program::open_store(config, system_clock());
    if (!store)
        return unavailable(fmt::format(
            "No server answers at {}, and the store cannot be opened: {} If a server runs, it "
            "has another control socket than this configuration says.",
            config.control.socket, store.error().text));
    return store;
}

Result<std::unique_ptr<Client>> open_directly(const config::Config& config) {
    std::unique_ptr<store::Store> store = TRY(open_idle_store(config));
    try {
        if (const auto unfinished = net::run(store::unfinished_import(*store)))
            return unavailable(*unfinished);
        return std::make_unique<DirectClient>(config, std::move(store));
    } catch (const store::Fault& fault) {
        return unavailable(fmt::format("The store cannot be read: {}", fault.what()));
    }
}

// Asks for next to nothing, so that a server that hangs is told from one that has much to do.
net::Task<void> try_socket(std::string path) {
    const auto stream = co_await net::connect_unix(std::move(path), 5s);
    http::Request request;
    request.method = "GET";
    request.path = "/session";
    request.fields.set("Host", "localhost");
    request.fields.set("Connection", "close");
    http::Limits limits;
    limits.header_timeout = sign_of_life;
    co_await http::request(*stream, std::move(request), limits);
}

}  // namespace

Result<std::unique_ptr<Client>> connect_server(const config::Config& config) {
    const std::string& path = config.control.socket;
    try {
        net::run(try_socket(path));
    } catch (const net::Gone& gone) {
        if (gone.why == net::Gone::Why::deadline)
            return Refusal{
                .kind = hangs,
                .text = fmt::format("The server at {} took the call and has said nothing for {} "
                                    "seconds: it hangs, is stopped, or its disk does not answer. "
                                    "Look at its log and at the disk; systemctl restart pidge "
                                    "starts it anew, and nothing that was acknowledged is lost.",
                                    path, sign_of_life / 1s)};
        return unavailable(fmt::format("No server answers at {}: {}", path, gone.what()));
    }
    return std::make_unique<ServerClient>(path);
}

Result<std::unique_ptr<Client>> connect(const config::Config& config) {
    const std::string& path = config.control.socket;
    const bool is_there = ::access(path.c_str(), F_OK) == 0;
    if (is_there && ::access(path.c_str(), R_OK | W_OK) != 0)
        return unavailable(
            fmt::format("You may not use the control socket {}. Run this as the "
                        "server's user or as root, or see control.mode.",
                        path));
    auto server = connect_server(config);
    // One that hangs holds the store.
    if (server || server.error().kind == hangs) return server;
    return open_directly(config);
}

Result<std::unique_ptr<store::Store>> open_whole_store(const config::Config& config, Use use) {
    const bool may_be_in_use = program::is_shared(config) && use == Use::reading;
    if (!may_be_in_use) {
        const auto server = connect_server(config);
        if (server)
            return unavailable(
                fmt::format("A server runs on this store (it answers at {}). Stop it first.",
                            config.control.socket));
        // It holds the store all the same.
        if (server.error().kind == hangs) return unavailable(server.error().text);
    }
    std::unique_ptr<store::Store> store = TRY(open_idle_store(config));
    if (may_be_in_use || !program::is_shared(config)) return store;
    for (const nodes::Seen& seen : net::run(nodes::read_nodes(*store)))
        if (seen.state != nodes::State::down)
            return unavailable(
                fmt::format("Node {} runs on this store, on the machine {}. Stop all nodes first.",
                            seen.node.name, seen.node.host));
    return store;
}

Result<> record_direct(const config::Config& config, store::Store& store, std::string what,
                       std::string details) {
    DirectSite site(config, store);
    net::run(admin::record_access(site.parts, this_user(), std::move(what), std::move(details)));
    return {};
}

}  // namespace pidge::client
