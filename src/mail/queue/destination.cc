// The text of a destination and the group that follows from it.
//
//   destination = "discard" / kind ":" host [":" port] *option
//   kind        = "mx" / "smtp" / "lmtp"        the port is left out for mx when it is 25
//   option      = ";tls=" ("required" / "verified" / "any") / ";implicit" / ";user=" 1*escaped
//                                               in this order, each at most once
//   escaped     = ALPHA / DIGIT / "@" / "." / "_" / "+" / "-" / "%" 2HEXDIG
#include <algorithm>
#include <array>

#include "base/text.h"
#include "mail/queue/entry.h"
#include "system/crypto/digest.h"

namespace pidge::queue {

namespace {

struct KindName {
    Destination::Kind kind;
    std::string_view name;
};
constexpr std::array<KindName, 3> kind_names{{{Destination::Kind::mx, "mx"},
                                              {Destination::Kind::next_hop, "smtp"},
                                              {Destination::Kind::lmtp, "lmtp"}}};

std::string_view tls_name(Destination::Tls tls) {
    switch (tls) {
        case Destination::Tls::opportunistic:
            return "";
        case Destination::Tls::required:
            return ";tls=required";
        case Destination::Tls::verified:
            return ";tls=verified";
        case Destination::Tls::any:
            return ";tls=any";
    }
    return "";
}

constexpr std::string_view implicit_option = ";implicit";
constexpr std::string_view user_option = ";user=";

// An address of a next hop stands without brackets in `host`; only its text has them.
std::string without_brackets(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (text::istarts_with(host, "IPv6:")) host.remove_prefix(5);
    }
    return std::string(host);
}

std::string host_text(const Destination& destination) {
    // A literal of a mail domain is in its normal form already (address::normal_literal).
    if (destination.kind == Destination::Kind::mx)
        return destination.host.starts_with('[') ? destination.host
                                                 : text::to_lower(destination.host);
    const std::string host = text::to_lower(without_brackets(destination.host));
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// Takes the host off the front of `rest`: up to the colon, or the bracketed address.
std::optional<std::string_view> take_host(std::string_view& rest) {
    const std::size_t from = rest.starts_with('[') ? rest.find(']') : 0;
    if (from == std::string_view::npos) return std::nullopt;
    const std::string_view host = rest.substr(0, rest.find(':', from));
    const bool is_plain = std::ranges::none_of(
        host, [](char c) { return text::is_control(c) || c == ' ' || c == ';'; });
    if (host.empty() || !is_plain) return std::nullopt;
    rest.remove_prefix(host.size());
    return host;
}

bool is_plain_in_user(char c) {
    const auto lower = static_cast<char>(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("@._+-").find(c) != std::string_view::npos;
}

std::string escaped(std::string_view user) {
    std::string out;
    for (const char c : user)
        out += is_plain_in_user(c) ? std::string(1, c) : "%" + text::hex({&c, 1});
    return out;
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const bool is_escape = text.front() == '%';
        const auto octet = is_escape ? text::from_hex(text.substr(1, 2)) : std::nullopt;
        if (is_escape ? !octet || octet->size() != 1 : !is_plain_in_user(text.front()))
            return std::nullopt;
        out += is_escape ? octet->front() : text.front();
        text.remove_prefix(is_escape ? 3 : 1);
    }
    return out;
}

// Takes the options off the end of `text`.
bool take_options(std::string_view& text, Destination& destination) {
    const std::size_t at = std::min(text.find(';'), text.size());
    std::string_view options = text.substr(at);
    text = text.substr(0, at);
    const auto take = [&options](std::string_view option) {
        const std::string_view after = options.substr(std::min(option.size(), options.size()));
        const bool is_here = options.starts_with(option) && (after.empty() || after[0] == ';');
        if (is_here) options = after;
        return is_here;
    };
    for (const auto tls :
         {Destination::Tls::required, Destination::Tls::verified, Destination::Tls::any})
        if (destination.tls == Destination::Tls::opportunistic && take(tls_name(tls)))
            destination.tls = tls;
    destination.implicit_tls = take(implicit_option);
    if (options.empty()) return true;
    if (!options.starts_with(user_option)) return false;
    const auto user = unescaped(options.substr(user_option.size()));
    if (!user || user->empty()) return false;
    destination.user = *user;
    return true;
}

bool take_port(std::string_view rest, Destination& destination) {
    if (rest.empty()) return destination.kind == Destination::Kind::mx;
    const auto port = text::parse_u64(rest.substr(1));
    if (rest.front() != ':' || !port || *port == 0 || *port > UINT16_MAX) return false;
    destination.port = static_cast<std::uint16_t>(*port);
    return true;
}

}  // namespace

std::string Destination::text() const {
    if (kind == Kind::discard) return "discard";
    const auto name = std::ranges::find(kind_names, kind, &KindName::kind);
    std::string text = std::string(name->name) + ":" + host_text(*this);
    if (kind != Kind::mx || port != 25) text += ":" + std::to_string(port);
    text += tls_name(tls);
    if (implicit_tls) text += implicit_option;
    if (!user.empty()) text.append(user_option).append(escaped(user));
    return text;
}

std::optional<Destination> Destination::parse(std::string_view text) {
    if (text == "discard") return Destination{.kind = Kind::discard};
    Destination destination;
    if (!take_options(text, destination)) return std::nullopt;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto name = std::ranges::find(kind_names, text.substr(0, colon), &KindName::name);
    if (name == kind_names.end()) return std::nullopt;
    destination.kind = name->kind;

    std::string_view rest = text.substr(colon + 1);
    const auto host = take_host(rest);
    if (!host || !take_port(rest, destination)) return std::nullopt;
    destination.host = destination.kind == Kind::mx ? std::string(*host) : without_brackets(*host);
    if (destination.host.empty() || destination.host == "[]") return std::nullopt;
    return destination;
}

store::DueGroup Destination::group() const {
    const crypto::Digest digest = crypto::sha256(text());
    store::DueGroup group;
    std::copy_n(digest.begin(), group.octets.size(), group.octets.begin());
    return group;
}

}  // namespace pidge::queue
