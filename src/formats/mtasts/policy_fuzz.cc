// Any octets are a policy or are not; one that is reads back from its own lines.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "formats/mtasts/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    (void)pidge::mtasts::find_id({text, text.substr(size / 2)});
    (void)pidge::mtasts::find_id({text});
    const auto policy = pidge::mtasts::read_policy(text);
    if (!policy) return 0;
    std::string again;
    for (const std::string& line : pidge::mtasts::policy_lines(*policy)) again += line + "\n";
    const auto second = pidge::mtasts::read_policy(again);
    pidge::check(second && *second == *policy, "a policy reads back from its lines");
    for (const std::string& pattern : policy->patterns)
        pidge::check(pattern.starts_with("*.") || pidge::mtasts::has_match(*policy, pattern),
                     "a name matches itself");
    return 0;
}
