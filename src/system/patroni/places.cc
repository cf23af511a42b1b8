#include "system/patroni/places.h"

#include "base/text.h"

namespace pidge::patroni {

namespace {

constexpr std::string_view path = "/patroni";
constexpr std::uint64_t port_max = 65'535;

bool is_address_v6(std::string_view host) {
    return host.find(':') != std::string_view::npos;
}

// The URL of the API, whether or not its path was given.
Result<std::string> place_at(std::string_view url) {
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    if (scheme == 0 || url.size() == scheme || url[scheme] == '/')
        return Refusal{.kind = Refusal::Kind::syntax,
                       .text = "\"" + text::printable(url, 100) +
                               "\" is neither \"off\", nor a port, nor a URL of http or https."};
    while (url.ends_with('/')) url.remove_suffix(1);
    const bool has_path = url.find('/', scheme) != std::string_view::npos;
    return std::string(url) + std::string(has_path ? "" : path);
}

}  // namespace

Result<std::vector<std::string>> places(std::string_view setting,
                                        const std::vector<std::string>& hosts) {
    std::vector<std::string> urls;
    if (setting == "off") return urls;
    if (const auto port = text::parse_u64(setting); port && *port >= 1 && *port <= port_max) {
        for (const std::string& host : hosts) {
            const std::string name = is_address_v6(host) ? "[" + host + "]" : host;
            urls.push_back("http://" + name + ":" + std::string(setting) + std::string(path));
        }
        return urls;
    }
    for (const std::string_view url : text::split(setting, ' '))
        if (!url.empty()) urls.push_back(TRY(place_at(url)));
    if (urls.empty()) TRY(place_at(setting));
    return urls;
}

}  // namespace pidge::patroni
