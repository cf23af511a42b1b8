// Whatever is read is written so that it reads back as the same value, in both layouts.
#include "base/check.h"
#include "formats/json/text.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = json::parse(text, {.values_max = 1000});
    if (!value) {
        check(!value.error().text.empty());
        return 0;
    }
    const std::string compact = json::serialise(*value);
    const std::string pretty = json::serialise(*value, json::Layout::pretty);
    const auto from_compact = json::parse(compact);
    const auto from_pretty = json::parse(pretty);
    check(from_compact && *from_compact == *value, "compact text reads back");
    check(from_pretty && *from_pretty == *value, "pretty text reads back");
    check(json::serialise(*from_compact) == compact, "writing is stable");
    value->find_pointer(text.substr(0, 20));
    return 0;
}
