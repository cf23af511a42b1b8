#include "formats/date/date.h"

#include "base/check.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    auto date = date::parse({data, size});
    if (!date) return 0;
    // At the edge of the years that can be written a leap second or the way to UTC leads beyond.
    const auto year =
        std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(date->instant)).year();
    if (year <= std::chrono::year(1900) || year >= std::chrono::year(9999)) return 0;
    date->is_weekday_wrong = false;
    check(*date::parse(date::text(*date)) == *date);
    (void)date::text(date->instant);
    return 0;
}
