// Names and passwords in the one form in which they are compared (RFC 4616 §4, RFC 8265). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pidge::sasl {

// Valid UTF-8 without control and direction-changing characters, at most limits::login_octets,
// composed (NFC). Case is kept: the directory knows whether it matters. An empty name is refused.
Result<std::string> prepare_login(std::string_view login);
// RFC 8265 §4.2, OpaqueString: likewise, and every kind of space becomes U+0020. May be refused,
// never empty.
Result<std::string> prepare_password(std::string_view password);

// What a message that cannot be read is answered with, in any mechanism (RFC 4954 §6: 501 5.5.2).
Refusal bad_message(std::string_view text);
// Who the client is was not proven, whatever the reason (535 5.7.8).
Refusal bad_credentials();

}  // namespace pidge::sasl
