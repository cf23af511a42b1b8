#include "protocols/sasl/prepare.h"

#include <array>

#include "base/text.h"
#include "formats/unicode/fold.h"
#include "protocols/sasl/limits.h"

namespace pidge::sasl {
namespace {

// The characters of Unicode category Zs beyond ASCII, in UTF-8 (RFC 8265 §4.2.2, mapping rule).
constexpr std::array<std::string_view, 16> wide_spaces = {
    "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
    "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000"};

bool is_ascii_text(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) return false;
    return true;
}

std::string with_plain_spaces(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto space =
            std::find_if(wide_spaces.begin(), wide_spaces.end(),
                         [text](std::string_view wide) { return text.starts_with(wide); });
        out += space != wide_spaces.end() ? ' ' : text[0];
        text.remove_prefix(space != wide_spaces.end() ? space->size() : 1);
    }
    return out;
}

}  // namespace

Refusal bad_message(std::string_view text) {
    return {.kind = Refusal::Kind::syntax,
            .text = std::string(text),
            .status = {5, 5, 2},
            .reply_code = 501};
}

Refusal bad_credentials() {
    return {.kind = Refusal::Kind::credentials,
            .text = "Authentication failed: check name and password",
            .status = {5, 7, 8},
            .reply_code = 535};
}

Result<std::string> prepare_login(std::string_view login) {
    if (login.empty() || login.size() > limits::login_octets) return bad_credentials();
    if (is_ascii_text(login)) return std::string(login);
    if (unicode::has_steering(login)) return bad_credentials();
    return unicode::composed(login);
}

Result<std::string> prepare_password(std::string_view password) {
    if (password.empty() || password.size() > limits::password_octets) return bad_credentials();
    if (is_ascii_text(password)) return std::string(password);
    if (unicode::has_steering(password)) return bad_credentials();
    return unicode::composed(with_plain_spaces(password));
}

}  // namespace pidge::sasl
