#include "formats/address/domain.h"

#include <arpa/inet.h>
#include <idn2.h>

#include "base/text.h"
#include "formats/address/limits.h"

namespace pidge::address {

namespace {

// Without IDN2_USE_STD3_ASCII_RULES: libidn2 2.3 then leaves out the characters that the rules
// forbid, and one name turns into another. Kept, they are found by checked().
constexpr int idn_flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;

struct IdnFree {
    void operator()(char* text) const { idn2_free(text); }
};
using IdnText = std::unique_ptr<char, IdnFree>;

bool is_ascii(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) > 127; });
}

Refusal bad(std::string text) {
    return {.kind = Refusal::Kind::syntax, .text = std::move(text), .status = {5, 1, 3}};
}

std::optional<std::string> to_ascii(const std::string& name) {
    char* out = nullptr;
    if (idn2_to_ascii_8z(name.c_str(), &out, idn_flags) != IDN2_OK) return std::nullopt;
    const IdnText owned(out);
    return std::string(out);
}

// sub-domain = Let-dig [Ldh-str]   (RFC 5321 §4.1.2)
bool is_label(std::string_view label) {
    if (label.empty() || label.size() > label_octets_max) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(), [](char c) {
        return text::is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
    });
}

Result<std::string> checked(std::string name) {
    if (name.size() > domain_octets_max) return bad("The domain is longer than 255 octets.");
    if (name.ends_with('.') && name.size() > 1)
        return bad("Leave out the dot at the end of the domain.");
    std::string_view last;
    for (const std::string_view label : text::split(name, '.')) {
        if (!is_label(label))
            return bad("\"" + text::printable(label, 80) + "\" is not a label of a domain name.");
        last = label;
    }
    // No top-level domain is a number; "user@192.0.2.1" without brackets would have two readings.
    if (std::all_of(last.begin(), last.end(), text::is_digit))
        return bad("The last label of the domain is a number.");
    return name;
}

}  // namespace

Result<std::string> normal_domain(std::string_view name, Utf8 utf8) {
    if (name.empty()) return bad("The domain is missing.");
    if (is_ascii(name)) return checked(text::to_lower(name));
    if (utf8 == Utf8::refused)
        return Refusal{.kind = Refusal::Kind::syntax,
                       .text = "The domain is not ASCII, and SMTPUTF8 was not asked for.",
                       .status = {5, 6, 7},
                       .reply_code = 550};
    // A label has at most 63 characters of at most four octets; beyond that there is nothing to
    // convert.
    if (name.size() > 4 * domain_octets_max || name.find('\0') != name.npos ||
        !text::is_valid_utf8(name))
        return bad("The domain is not a name.");
    std::optional<std::string> ascii = to_ascii(std::string(name));
    if (!ascii) return bad("\"" + text::printable(name, 80) + "\" is not an international name.");
    return checked(text::to_lower(*ascii));
}

Result<std::string> normal_literal(std::string_view literal) {
    if (literal.size() < 3 || literal.front() != '[' || literal.back() != ']')
        return bad("An address literal stands in square brackets.");
    if (literal.size() > domain_octets_max) return bad("The address literal is too long.");
    const std::string content(literal.substr(1, literal.size() - 2));
    // dcontent = %d33-90 / %d94-126
    if (!std::all_of(content.begin(), content.end(), [](char c) {
            return c >= 33 && c <= 126 && c != '[' && c != '\\' && c != ']';
        }))
        return bad("The address literal holds a character that it may not.");
    const auto colon = content.find(':');
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (colon == content.npos) {
        // inet_pton refuses leading zeros, which some read as octal: two readings, so none.
        if (inet_pton(AF_INET, content.c_str(), bytes.data()) != 1)
            return bad("\"" + content + "\" is not an IPv4 address.");
        inet_ntop(AF_INET, bytes.data(), out.data(), out.size());
        return "[" + std::string(out.data()) + "]";
    }
    const std::string tag = content.substr(0, colon);
    const std::string rest = content.substr(colon + 1);
    if (text::iequals(tag, "IPv6")) {
        if (inet_pton(AF_INET6, rest.c_str(), bytes.data()) != 1)
            return bad("\"" + rest + "\" is not an IPv6 address.");
        inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
        return "[IPv6:" + std::string(out.data()) + "]";
    }
    // General-address-literal = Standardized-tag ":" 1*dcontent: IANA's registry of tags holds IPv6
    // and nothing else.
    return bad("Address literals are IPv4 or IPv6; no other kind is registered.");
}

std::string display_domain(std::string_view normal) {
    std::string out;
    for (const std::string_view label : text::split(normal, '.')) {
        if (!out.empty()) out += '.';
        char* decoded = nullptr;
        if (label.starts_with("xn--") && label.size() <= label_octets_max &&
            idn2_to_unicode_8z8z(std::string(label).c_str(), &decoded, 0) == IDN2_OK) {
            const IdnText owned(decoded);
            if (to_ascii(decoded) == label) {
                out += decoded;
                continue;
            }
        }
        out += label;
    }
    // The rules for right-to-left names join labels that are good by themselves (RFC 5893 §2).
    if (normal_domain(out).value_or("") != normal) return std::string(normal);
    return out;
}

}  // namespace pidge::address
