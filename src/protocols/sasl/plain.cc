#include "protocols/sasl/plain.h"

#include "base/text.h"
#include "protocols/sasl/prepare.h"

namespace pidge::sasl {

Result<PlainCredentials> parse_plain(std::string_view message) {
    const auto pieces = text::split(message, '\0');
    if (pieces.size() != 3) return bad_message("PLAIN takes three fields with NUL between them");
    PlainCredentials credentials;
    if (!pieces[0].empty()) credentials.authorization = TRY(prepare_login(pieces[0]));
    credentials.login = TRY(prepare_login(pieces[1]));
    credentials.password = TRY(prepare_password(pieces[2]));
    return credentials;
}

std::string plain_message(std::string_view authorization, std::string_view login,
                          std::string_view password) {
    std::string message(authorization);
    message += '\0';
    message += login;
    message += '\0';
    message += password;
    return message;
}

}  // namespace pidge::sasl
