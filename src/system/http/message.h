// Request and Response: HTTP messages (RFC 9110) as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace pidge::http {

// Fields in the order of the message. Names compare without case (RFC 9110 §5.1).
class Fields {
 public:
    Fields() = default;
    Fields(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

    void add(std::string_view name, std::string_view value);
    void set(std::string_view name, std::string_view value);  // instead of all of that name
    // The first of that name. The view lives until the fields change.
    std::optional<std::string_view> find(std::string_view name) const;
    std::size_t count(std::string_view name) const;
    // Whether a field that is a list of tokens ("Connection") holds this token, in any case.
    bool has_token(std::string_view name, std::string_view token) const;

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

 private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
    std::string method = "GET";  // as sent; methods are case-sensitive
    std::string path = "/";      // decoded, begins with "/"; "*" for OPTIONS *
    // Decoded pairs of the query, in order; "a" without "=" has an empty value.
    std::vector<std::pair<std::string, std::string>> query;
    Fields fields;
    Bytes body;

    std::optional<std::string_view> find_query(
        std::string_view name) const;  // the first of that name
};

struct Response {
    std::uint16_t status = 200;
    Fields fields;  // without Content-Length, Connection, Date: those are the server's
    Bytes body;
};

Response text_response(std::uint16_t status,
                       std::string_view text);  // text/plain; a line end is added
Response json_response(std::uint16_t status, std::string json);
std::string_view reason_phrase(std::uint16_t status);  // "Not Found"; empty when unknown

}  // namespace pidge::http
