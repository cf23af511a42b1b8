// Call: one run of a verb: what was given, what it may use, where its output goes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/json/value.h"
#include "program/client/client.h"
#include "program/command/verb.h"
#include "program/config/config.h"

namespace pidge::command {

// A refusal for wrong usage: exit code 2.
Refusal usage(std::string text);

class Call {
 public:
    Call(const Verb& verb, Given given, std::string config_path, bool wants_json)
        : verb(verb),
          given(std::move(given)),
          config_path(std::move(config_path)),
          wants_json(wants_json) {}

    const Verb& verb;
    const Given given;
    const std::string config_path;
    const bool wants_json;
    config::Config config;                   // when the verb needs it
    std::unique_ptr<client::Client> client;  // when the verb needs the site
    int code = 0;                            // exit code where nothing was refused

    // One method of the API. A method error becomes a refusal.
    Result<json::Value> method(std::string_view name, json::Object arguments);
    // One object of Foo/set. What could not be done becomes a refusal.
    Result<json::Value> create(std::string_view type, json::Object object);
    Result<json::Value> update(std::string_view type, std::string_view id, json::Object patch);
    Result<> destroy(std::string_view type, std::string_view id, json::Object more = {});
    // Foo/query and Foo/get, page by page up to `limit` objects.
    Result<json::Array> list(std::string_view type, json::Object query, std::size_t limit);
    // The same for types that may have very many objects: each page begins where the one before
    // ended (filter "after"), so that the work grows as their number does. In the natural order, or
    // in one that `after` follows.
    Result<json::Array> list_onward(std::string_view type, json::Object filter, std::size_t limit,
                                    json::Array sort = {});
    // Foo/get of one id; nothing when it is not there.
    Result<std::optional<json::Value>> find(std::string_view type, std::string_view id);

    void print(std::string_view text);  // a line end is added; escaped for the terminal
    void print_json(const json::Value& value);
    void note(std::string_view text);  // for people, on standard error; left out with --json

 private:
    struct Page {
        std::size_t ids = 0;  // found; of some the object may be gone by now
        json::Value last;     // of the ids
    };
    Result<Page> add_page(std::string_view type, json::Object query, json::Array& all);
};

}  // namespace pidge::command
