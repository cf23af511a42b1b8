// The standard methods of RFC 8620 §5 over a data type: get, set, query (and changes, which always
// answers that it cannot).
#pragma once

#include <expected>
#include <string>

#include "formats/json/value.h"
#include "services/admin/commit.h"
#include "services/admin/data_type.h"

namespace pidge::admin {

inline constexpr std::string_view site_account = "site";  // the only JMAP account there is

// RFC 8620 §3.6.2.
struct MethodError {
    std::string type;  // "invalidArguments"
    std::string description;
};
using MethodResult = std::expected<json::Object, MethodError>;

MethodError error_of(const Refusal& refusal);  // for arguments
// RFC 8620 §5.3: why one object was not changed.
json::Object set_error(const Refusal& refusal);

net::Task<MethodResult> get_method(Parts& parts, DataType& type, Caller caller,
                                   json::Object arguments);
net::Task<MethodResult> query_method(Parts& parts, DataType& type, Caller caller,
                                     json::Object arguments);
// `created`: ids by creation id, of this request so far (RFC 8620 §5.3); grows.
net::Task<MethodResult> set_method(Parts& parts, DataType& type, Caller caller,
                                   json::Object arguments, json::Object& created);

}  // namespace pidge::admin
