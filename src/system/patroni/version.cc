#include "system/patroni/version.h"

#include <charconv>

namespace pidge::patroni {

std::optional<Version> read_version(std::string_view text) {
    Version version;
    for (std::uint32_t* place : {&version.major, &version.minor, &version.patch}) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *place);
        if (error != std::errc())
            return place == &version.major ? std::nullopt : std::optional(version);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.starts_with('.')) break;
        text.remove_prefix(1);
    }
    return version;
}

}  // namespace pidge::patroni
