// PLAIN (RFC 4616): message = [authzid] NUL authcid NUL passwd. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pidge::sasl {

struct PlainCredentials {
    std::string authorization;  // prepared; empty: the login's own
    std::string login;          // prepared
    std::string password;       // prepared
};

Result<PlainCredentials> parse_plain(std::string_view message);
std::string plain_message(std::string_view authorization, std::string_view login,
                          std::string_view password);

}  // namespace pidge::sasl
