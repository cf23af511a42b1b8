#include "system/patroni/patroni.h"

#include <fmt/format.h>

#include "base/text.h"
#include "formats/json/text.h"
#include "system/patroni/version.h"

namespace pidge::patroni {

namespace {

constexpr std::chrono::milliseconds connect_deadline{1'000};
constexpr std::size_t version_octets_max = 40;

Seen unknown(const std::string& place, std::string reason) {
    return {.place = place, .reason = std::move(reason)};
}

}  // namespace

std::string why_unsafe() {
    return fmt::format(
        "A Patroni older than {}.{}.{} can lose mail that was acknowledged: when a primary that "
        "was frozen comes back, it may take the lead again, and the server that took mail "
        "meanwhile is rewound.",
        oldest_safe.major, oldest_safe.minor, oldest_safe.patch);
}

std::string how_to_mend() {
    return fmt::format(
        "Update Patroni to {}.{}.{} or later on all database servers, one after the other "
        "(docs/cluster.md).",
        oldest_safe.major, oldest_safe.minor, oldest_safe.patch);
}

Seen look(http::Exchanger& exchanger, const std::string& place,
          std::chrono::milliseconds deadline) {
    const auto answer = exchanger.exchange(
        {.url = place, .connect_deadline = connect_deadline, .deadline = deadline});
    if (!answer) return unknown(place, answer.error().text);
    const auto said = json::parse(answer->body);
    const json::Value* const version = said ? said->find_pointer("/patroni/version") : nullptr;
    if (version == nullptr || !version->is_string())
        return unknown(place, fmt::format("its answer (HTTP {}) is not Patroni's", answer->status));
    Seen seen{.place = place, .version = text::printable(version->string(), version_octets_max)};
    const auto number = read_version(version->string());
    if (!number)
        seen.reason = "its version cannot be understood";
    else
        seen.verdict = *number < oldest_safe ? Seen::Verdict::loses_mail : Seen::Verdict::safe;
    return seen;
}

}  // namespace pidge::patroni
