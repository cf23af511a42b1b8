#include "system/store/objects/listing.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "system/store/objects/limits.h"

namespace pidge::store {

namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> entities{
    {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};

std::optional<char> entity(std::string_view name) {
    for (const auto& [known, meant] : entities)
        if (name == known) return meant;
    if (!name.starts_with('#')) return std::nullopt;
    // Our own names are plain ASCII; others are none of our business.
    const auto number = text::parse_u64(name.substr(1));
    if (!number || *number == 0 || *number > 127) return std::nullopt;
    return static_cast<char>(*number);
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '&') {
            out += text[at++];
            continue;
        }
        const std::size_t end = text.find(';', at);
        if (end == std::string_view::npos) return std::nullopt;
        const auto meant = entity(text.substr(at + 1, end - at - 1));
        if (!meant) return std::nullopt;
        out += *meant;
        at = end + 1;
    }
    return out;
}

// Goes from one element with text in it to the next.
struct Reader {
    std::string_view rest;
    std::string_view name, content;

    // "<NAME ...>content</"; content without elements.
    bool next() {
        for (;;) {
            const std::size_t open = rest.find('<');
            if (open == std::string_view::npos) return false;
            rest.remove_prefix(open + 1);
            const std::size_t close = rest.find('>');
            if (close == std::string_view::npos) return false;
            name = rest.substr(0, std::min(close, rest.find_first_of(" \t\r\n/")));
            rest.remove_prefix(close + 1);
            const std::size_t end = rest.find('<');
            if (end == std::string_view::npos) return false;
            content = rest.substr(0, end);
            if (!name.empty() && rest.substr(end).starts_with("</")) return true;
        }
    }
};

}  // namespace

std::optional<Listing> read_listing(std::string_view xml) {
    if (xml.find("<ListBucketResult") == std::string_view::npos) return std::nullopt;
    Listing listing;
    bool is_truncated = false;
    for (Reader in{.rest = xml, .name = {}, .content = {}}; in.next();) {
        if (in.name == "Key") {
            auto name = unescaped(in.content);
            if (listing.names.size() == objects_limits::list_names_max) return std::nullopt;
            // A name that cannot be ours is passed over.
            if (name) listing.names.push_back(*std::move(name));
        } else if (in.name == "IsTruncated") {
            is_truncated = text::trim(in.content) == "true";
        } else if (in.name == "NextContinuationToken") {
            auto next = unescaped(in.content);
            if (!next) return std::nullopt;
            listing.next = *std::move(next);
        }
    }
    if (is_truncated == listing.next.empty()) return std::nullopt;
    return listing;
}

}  // namespace pidge::store
