// Place: a value that a peer or user sent, together with where it stands, for reading it into our
// own types. Every getter refuses what is not as expected, with a sentence that names the place:
// "accounts/0/name: expected a string".
//
//   const json::Place in(value);
//   account.name = TRY(in.string("name"));
//   account.quota = TRY(in.integer("quota", 0, quota_max));
//   for (const json::Place& alias : TRY(in.array_or_empty("aliases")))
//   account.aliases.push_back(TRY(alias.string()));
//
// A place refers to the value, which must outlive it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/json/value.h"

namespace pidge::json {

class Place {
 public:
    explicit Place(const Value& root) : value_(&root) {}

    const Value& value() const { return *value_; }
    const std::string& path() const {
        return path_;
    }  // RFC 6901 tokens without the first "/"; empty: the whole value

    // A refusal about this place: "accounts/0/name: <what>".
    Refusal refusal(std::string_view what) const;

    // This value, of the kind wanted.
    Result<std::string> string() const;
    Result<bool> boolean() const;
    Result<double> number() const;
    // A whole number within these bounds, both included.
    Result<std::int64_t> integer(
        std::int64_t least = std::numeric_limits<std::int64_t>::min(),
        std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
    Result<std::vector<Place>> array() const;
    struct Named;
    Result<std::vector<Named>> members() const;

    // A member of this object. `get` refuses when it is absent; `find` tells absent and null alike
    // as nullopt, and refuses only when this is no object.
    Result<Place> get(std::string_view name) const;
    Result<std::optional<Place>> find(std::string_view name) const;

    // A member that must be there.
    Result<std::string> string(std::string_view name) const;
    Result<bool> boolean(std::string_view name) const;
    Result<std::int64_t> integer(
        std::string_view name, std::int64_t least = std::numeric_limits<std::int64_t>::min(),
        std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
    Result<std::vector<Place>> array(std::string_view name) const;

    // A member that may be absent or null.
    Result<std::optional<std::string>> find_string(std::string_view name) const;
    Result<bool> boolean_or(std::string_view name, bool otherwise) const;
    Result<std::int64_t> integer_or(
        std::string_view name, std::int64_t otherwise,
        std::int64_t least = std::numeric_limits<std::int64_t>::min(),
        std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
    Result<std::vector<Place>> array_or_empty(std::string_view name) const;

    // Refuses an object with a member of another name than these: a misspelt name must not pass
    // unnoticed.
    Result<> only(std::initializer_list<std::string_view> names) const;

 private:
    Place(const Value& value, std::string path) : value_(&value), path_(std::move(path)) {}
    Place below(std::string_view token, const Value& value) const;
    Result<> expect(Kind kind) const;

    const Value* value_;
    std::string path_;
};

struct Place::Named {
    std::string_view name;  // lives in the value
    Place place;
};

}  // namespace pidge::json
