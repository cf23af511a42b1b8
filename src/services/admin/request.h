// The frame of a JMAP request (RFC 8620 §3): method calls in, method responses out, arguments that
// refer to earlier results. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/json/value.h"

namespace pidge::admin {

inline constexpr std::string_view core_capability = "urn:ietf:params:jmap:core";
inline constexpr std::string_view site_capability = "urn:pidge:params:jmap:site";

struct Invocation {
    std::string name;
    json::Object arguments;
    std::string call_id;
};

struct Request {
    std::vector<std::string> capabilities;
    std::vector<Invocation> calls;
};

// A failure of the request as a whole (RFC 8620 §3.6.1).
struct RequestError {
    std::string type;  // "urn:ietf:params:jmap:error:notRequest"
    std::string detail;
};
// RFC 8620 §3.3.
std::expected<Request, RequestError> read_request(std::string_view text);

// RFC 8620 §3.7: replaces members "#name" by what they refer to in earlier responses. A refusal
// stands for the method error invalidResultReference, or invalidArguments when a name stands both
// with and without "#".
struct ReferenceError {
    std::string type;
    std::string detail;
};
std::expected<json::Object, ReferenceError> resolve_references(
    const json::Object& arguments, const std::vector<Invocation>& responses);

// The response to the whole request (RFC 8620 §3.4).
json::Value response_value(const std::vector<Invocation>& responses,
                           const json::Object& created_ids, const std::string& session_state);

}  // namespace pidge::admin
