// What check() finds on this machine: ports, folders, disk, the running server or the store.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "program/check/parts.h"
#include "program/client/client.h"
#include "program/config/option.h"
#include "system/net/listen_socket.h"
#include "system/net/socket_stream.h"
#include "system/store/rocksdb/place.h"
#include "system/tls/client_context.h"

namespace pidge::program {
namespace {

using Kind = Finding::Kind;

std::vector<std::string> names_in(const json::Value& answer, const std::string& call,
                                  const char* property) {
    std::vector<std::string> out;
    const json::Value* responses = answer.find("methodResponses");
    if (responses == nullptr || !responses->is_array()) return out;
    for (const json::Value& response : responses->array()) {
        const json::Value* id = response.find_pointer("/2");
        const json::Value* list = response.find_pointer("/1/list");
        if (id == nullptr || *id != json::Value(call) || list == nullptr || !list->is_array())
            continue;
        for (const json::Value& object : list->array())
            if (const json::Value* value = object.find(property))
                if (value->is_string()) out.push_back(value->string());
    }
    return out;
}

// The closest folder above a path that is there.
std::filesystem::path existing_above(std::filesystem::path path) {
    std::error_code error;
    while (path.has_relative_path() && !std::filesystem::exists(path, error))
        path = path.parent_path();
    return path.empty() ? std::filesystem::path(".") : path;
}

enum class Absent : std::uint8_t { will_be_made, is_wrong };

void check_folder(const std::string& about, const std::filesystem::path& path, Absent absent,
                  Findings& out) {
    std::error_code error;
    const std::filesystem::path there = existing_above(path);
    if (there != path && absent == Absent::is_wrong) {
        out.push_back({Kind::error, about, fmt::format("{} is not there.", path.string()),
                       fmt::format("Make it: install -d -o pidge -m 0755 {}, or let systemd do so "
                                   "(RuntimeDirectory).",
                                   path.string())});
        return;
    }
    if (!std::filesystem::is_directory(there, error)) {
        out.push_back({Kind::error, about, fmt::format("{} is no folder.", there.string()),
                       "Name a folder."});
    } else if (::access(there.c_str(), R_OK | W_OK | X_OK) != 0) {
        const bool is_read_only = errno == EROFS;
        const std::string why = std::generic_category().message(errno);
        out.push_back(
            {Kind::error, about, fmt::format("{} cannot be written: {}.", there.string(), why),
             is_read_only ? "Look at dmesg for faults of the disk, then: mount -o remount,rw"
                          : fmt::format("Run this as the server's user, or: chown pidge {}",
                                        there.string())});
    } else if (there != path) {
        out.push_back({Kind::good, about,
                       fmt::format("{} is not there yet and will be made.", path.string()), ""});
    } else {
        out.push_back({Kind::good, about, fmt::format("{} can be used.", path.string()), ""});
    }
}

void check_space(const config::Config& config, Findings& out) {
    const std::filesystem::path there = existing_above(config.store_path());
    struct statvfs disk{};
    if (::statvfs(there.c_str(), &disk) != 0) return;
    const std::uint64_t free = std::uint64_t(disk.f_bavail) * disk.f_frsize;
    const bool is_low = free < config.store.reserve_bytes;
    const std::string text = fmt::format("{} MiB are free below {}.", free >> 20, there.string());
    const std::string reserve = config::size_text(config.store.reserve_bytes);
    out.push_back({is_low ? Kind::error : Kind::good, "disk", text,
                   is_low ? fmt::format("At least {} (store.reserve) must be free, or new mail is "
                                        "put off.",
                                        reserve)
                          : ""});
}

// Opening the store has told it once, in the log of whatever opened it.
void check_damage(const config::Config& config, Findings& out) {
    for (const std::string& name : store::damaged_logs_in(config.store_path()))
        out.push_back(
            {Kind::warning, "store",
             fmt::format("{} had lost what was acknowledged, and is kept.", name),
             "See docs/store.md, \"A damaged log\". Remove the file when it is settled."});
}

}  // namespace

Known learn(const config::Config& config, Findings& out) {
    Known known;
    std::error_code error;
    const bool has_store = std::filesystem::exists(config.store_path(), error);
    const bool has_socket = std::filesystem::is_socket(config.control.socket, error);
    const bool is_here = config.store.engine != config::Store::Engine::postgres;
    if (is_here && !has_store && !has_socket) {
        out.push_back({Kind::good, "store", "there is none yet; the first start makes it.", ""});
        return known;
    }
    auto client = client::connect(config);
    if (!client) {
        out.push_back({Kind::error, "store", client.error().text, "See above."});
        return known;
    }
    known.is_running = (*client)->is_server();
    const auto call = [](const char* name, const char* id) {
        return json::Value(json::Array{name, json::Object{}, id});
    };
    const json::Object request{
        {"using", json::Array{"urn:ietf:params:jmap:core", "urn:pidge:params:jmap:site"}},
        {"methodCalls",
         json::Array{call("Domain/get", "d"), call("Route/get", "r"), call("Server/status", "s")}}};
    const auto answer = (*client)->request(json::Value(request));
    if (!answer) {
        out.push_back({Kind::error, "store", answer.error().text, "See the server's log."});
        return known;
    }
    known.is_known = true;
    known.domains = names_in(*answer, "d", "name");
    known.routes = names_in(*answer, "r", "domain");
    known.password_files = names_in(*answer, "r", "passwordFile");
    if (const json::Value* listeners = answer->find_pointer("/methodResponses/2/1/listeners"))
        for (const json::Value& listener : listeners->array())
            known.listening.push_back(listener.find("address")->string());
    const json::Value* state = answer->find_pointer("/methodResponses/2/1/store/state");
    const bool is_good = state != nullptr && *state == json::Value("good");
    const json::Value* text = answer->find_pointer("/methodResponses/2/1/store/text");
    out.push_back({is_good ? Kind::good : Kind::error, "store",
                   is_good
                       ? fmt::format("can be read ({}).",
                                     known.is_running ? "by the running server" : "no server runs")
                       : fmt::format("is not well: {}",
                                     text != nullptr && text->is_string() ? text->string() : ""),
                   is_good ? "" : "See the server's log."});
    if (is_here) check_damage(config, out);
    return known;
}

void check_listeners(const config::Config& config, const Known& known, Findings& out) {
    for (const config::Listener& listener : config.listeners) {
        const std::string about = "listener " + listener.name;
        if (!listener.address) {
            out.push_back({Kind::good, about,
                           fmt::format("takes the socket \"{}\" from systemd.", listener.systemd),
                           ""});
            continue;
        }
        const std::string address = listener.address->text();
        if (std::ranges::find(known.listening, address) != known.listening.end()) {
            out.push_back({Kind::good, about, address + " is held by the running server.", ""});
            continue;
        }
        const auto socket = net::ListenSocket::tcp(*listener.address);
        if (socket)
            out.push_back({Kind::good, about, address + " can be opened.", ""});
        else
            out.push_back({Kind::error, about, socket.error().text,
                           "Stop what holds it, choose another address, or let systemd open the "
                           "port (pidge.socket)."});
    }
}

void check_relay(const config::Config& config, Findings& out) {
    if (!config.relay.authorities.empty()) {
        const auto context =
            tls::ClientContext::create({.authorities_path = config.relay.authorities});
        if (context)
            out.push_back({Kind::good, "authorities",
                           fmt::format("{} can be read.", config.relay.authorities), ""});
        else
            out.push_back({Kind::error, "authorities", context.error().text,
                           "Let relay.authorities name a file of certificates in PEM form that the "
                           "server's user may read, or leave it out: those of the machine count "
                           "then."});
    }
    if (!config.node.has_role("relay")) return;
    for (const net::Address& source : config.relay.sources) {
        const std::string about = "source " + source.text();
        const auto usable = net::check_source(source);
        if (usable)
            out.push_back({Kind::good, about, "mail can be sent from there.", ""});
        else
            out.push_back({Kind::error, about, usable.error().text + ".",
                           "Give this machine that address (ip address shows those that it has), "
                           "or take it out of relay.sources."});
    }
}

void check_folders(const config::Config& config, const Known& known, Findings& out) {
    if (known.is_running) return;  // the server itself has them; this user need not
    check_folder("data", config.site.data, Absent::will_be_made, out);
    if (const auto place = net::check_socket_path(config.control.socket); !place)
        out.push_back(
            {Kind::error, "control socket", place.error().text + ".", "See control.socket."});
    else
        check_folder("control socket", std::filesystem::path(config.control.socket).parent_path(),
                     Absent::is_wrong, out);
    if (config.store.engine == config::Store::Engine::rocksdb) check_space(config, out);
}

}  // namespace pidge::program
