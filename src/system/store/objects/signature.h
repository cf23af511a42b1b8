// AWS Signature Version 4, as object stores take it: who made a request, and that nothing of it was
// changed, body included. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "system/http/message.h"

namespace pidge::store {

struct SigningKey {
    std::string access_key;  // the id, which is no secret
    std::string secret;
    std::string region;
};

struct SignedRequest {
    std::string_view method;
    std::string_view host;  // with its port where that is not the usual one
    std::string_view path;  // not escaped
    std::vector<std::pair<std::string, std::string>> query;  // not escaped
    std::string_view body;
};

// The fields to send with the request: Host, X-Amz-Date, X-Amz-Content-Sha256, Authorization.
http::Fields sign(const SignedRequest& request, const SigningKey& key, WallTime now);

// The path and query of a URL, escaped as they were signed: everything but A-Z a-z 0-9 - . _ ~, and
// "/" in paths.
std::string escaped_target(const SignedRequest& request);

}  // namespace pidge::store
