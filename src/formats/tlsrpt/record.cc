#include "formats/tlsrpt/record.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "formats/address/domain.h"
#include "formats/tlsrpt/limits.h"

namespace pidge::tlsrpt {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// RFC 3986 §2.1. Nullopt: a broken escape.
std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto octet = text::from_hex(text.substr(i + 1, 2));
        if (!octet || octet->size() != 1) return std::nullopt;
        out += *octet;
        i += 2;
    }
    return out;
}

// RFC 6068: the address; fields after "?" are not ours to honour.
std::optional<Place> read_mail(std::string_view rest) {
    const auto text = unescaped(rest.substr(0, rest.find('?')));
    if (!text) return std::nullopt;
    auto mailbox = address::parse_mailbox(*text, address::Utf8::refused);
    if (!mailbox) return std::nullopt;
    return Place{.kind = Place::Kind::mail, .mailbox = *std::move(mailbox)};
}

bool is_request_octet(char c) {
    return c > ' ' && c < 127 && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\';
}

// "//host[:port][/path]", without a user.
std::optional<Place> read_web(std::string_view rest) {
    if (!rest.starts_with("//")) return std::nullopt;
    rest.remove_prefix(2);
    const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view authority = rest.substr(0, slash);
    Place place{.kind = Place::Kind::web, .path = std::string(rest.substr(slash))};
    if (!place.path.starts_with('/')) place.path.insert(0, "/");
    if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
        const auto port = text::parse_u64(authority.substr(colon + 1));
        if (!port || *port == 0 || *port > UINT16_MAX) return std::nullopt;
        place.port = static_cast<std::uint16_t>(*port);
        authority = authority.substr(0, colon);
    }
    auto host = address::normal_domain(authority, address::Utf8::refused);
    if (!host || host->starts_with('[') || !std::ranges::all_of(place.path, is_request_octet))
        return std::nullopt;
    place.host = *std::move(host);
    return place;
}

std::optional<Place> read_place(std::string_view uri) {
    if (uri.size() > place_octets_max) return std::nullopt;
    if (text::istarts_with(uri, "mailto:")) return read_mail(uri.substr(7));
    if (text::istarts_with(uri, "https:")) return read_web(uri.substr(6));
    return std::nullopt;
}

//   tlsrpt-record  = tlsrpt-version 1*(field-delim tlsrpt-field) [field-delim]
//   tlsrpt-version = %s"v=TLSRPTv1"              field-delim = *WSP ";" *WSP
//   tlsrpt-rua     = %s"rua=" tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri)
std::vector<Place> read_record(std::string_view record) {
    std::vector<Place> places;
    bool has_rua = false;
    for (const std::string_view field : text::split(record, ';')) {
        const std::string_view text = trimmed(field);
        if (!text.starts_with("rua=")) continue;
        if (std::exchange(has_rua, true)) return {};
        for (const std::string_view uri : text::split(text.substr(4), ',')) {
            auto place = read_place(trimmed(uri));
            if (place && places.size() < places_max) places.push_back(*std::move(place));
        }
    }
    return places;
}

}  // namespace

std::string Place::text() const {
    if (kind == Kind::mail) return "mailto:" + mailbox.text();
    return "https://" + host + (port == 443 ? "" : ":" + std::to_string(port)) + path;
}

std::vector<Place> find_places(const std::vector<std::string>& txt_records) {
    // §3: what does not begin with the version is discarded; then exactly one must be left.
    const std::string* only = nullptr;
    for (const std::string& record : txt_records) {
        if (!record.starts_with("v=TLSRPTv1")) continue;
        if (!trimmed(std::string_view(record).substr(10)).starts_with(';')) continue;
        if (only != nullptr) return {};
        only = &record;
    }
    return only != nullptr ? read_record(*only) : std::vector<Place>();
}

}  // namespace pidge::tlsrpt
