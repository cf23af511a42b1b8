// Day: what was counted about one domain on one UTC day, as it lies in the store (space tlsrpt, key
// day ‖ domain).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "formats/tlsrpt/report.h"

namespace pidge::tlsrpt {

struct Day {
    std::vector<Summary> policies;
    // Nothing more is to be sent about it: the report is out, or nobody wants one.
    bool is_settled = false;
    bool is_reported = false;
    WallTime next_try;  // of sending; the epoch: not tried yet

    // Adds the counts of `other`, within limits.h.
    void add(const Day& other);
};

struct DayKey {
    std::chrono::sys_days day;
    std::string domain;

    Bytes bytes() const;
    static std::optional<DayKey> read(std::string_view bytes);

    friend auto operator<=>(const DayKey&, const DayKey&) = default;
};

Bytes record_of(const Day& day);
std::optional<Day> read_day(std::string_view record);  // nullopt: damaged

}  // namespace pidge::tlsrpt
