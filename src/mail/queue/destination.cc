// The text of a destination and the group that follows from it.
//
//   destination = "discard" / kind ":" host [":" port] [";tls=" ("required" / "verified")]
//   kind        = "mx" / "smtp" / "lmtp"        the port is left out for mx when it is 25
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
    }
    return "";
}

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

bool take_tls(std::string_view& text, Destination& destination) {
    const std::size_t at = text.find(';');
    if (at == std::string_view::npos) return true;
    for (const auto tls : {Destination::Tls::required, Destination::Tls::verified}) {
        if (text.substr(at) != tls_name(tls)) continue;
        destination.tls = tls;
        text = text.substr(0, at);
        return true;
    }
    return false;
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
    return text.append(tls_name(tls));
}

std::optional<Destination> Destination::parse(std::string_view text) {
    if (text == "discard") return Destination{.kind = Kind::discard};
    Destination destination;
    if (!take_tls(text, destination)) return std::nullopt;
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
