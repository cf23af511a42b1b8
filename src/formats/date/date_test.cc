#include "formats/date/date.h"

#include <doctest/doctest.h>

using namespace pidge;
using namespace std::chrono;

namespace {
// The date in our own form, or "-".
std::string shown(std::string_view in) {
    const auto date = date::parse(in);
    return date ? date::text(*date) : "-";
}
}  // namespace

TEST_CASE("a date is an instant and a zone") {
    const auto date = date::parse("Fri, 21 Nov 1997 09:55:06 -0600");
    REQUIRE(date);
    CHECK(date->instant == sys_days(1997y / November / 21) + 15h + 55min + 6s);
    CHECK(date->zone_minutes == -360);
    CHECK(date::text(*date) == "Fri, 21 Nov 1997 09:55:06 -0600");
    CHECK(date::text(date->instant) == "Fri, 21 Nov 1997 15:55:06 +0000");
    CHECK(shown("1 Jan 2024 00:00 +0530") == "Mon, 1 Jan 2024 00:00:00 +0530");
    CHECK(shown("Thu, 29 Feb 2024 23:59:59 +1400") == "Thu, 29 Feb 2024 23:59:59 +1400");
    CHECK(shown("Fri, 21 Nov 1997 09:55:06 -0000") == "Fri, 21 Nov 1997 09:55:06 -0000");
    CHECK(date::parse("Fri, 21 Nov 1997 09:55:06 -0000")->is_zone_unknown);
}

TEST_CASE("obsolete forms are read") {
    CHECK(shown("21 Nov 97 09:55:06 GMT") == "Fri, 21 Nov 1997 09:55:06 +0000");
    CHECK(shown("21 Nov 49 09:55 UT") == "Sun, 21 Nov 2049 09:55:00 +0000");
    CHECK(shown("21 Nov 50 09:55 ut") == "Tue, 21 Nov 1950 09:55:00 +0000");
    CHECK(shown("21 Nov 097 09:55:06 EST") == "Fri, 21 Nov 1997 09:55:06 -0500");
    CHECK(shown("21 Nov 124 09:55:06 PDT") == "Thu, 21 Nov 2024 09:55:06 -0700");
    CHECK(shown("Fri, 21 Nov 1997 09(comment (nested \\) )):   55  :  06 -0600 (CST)") ==
          "Fri, 21 Nov 1997 09:55:06 -0600");
    CHECK(shown("fri ,\r\n 21 nOV 1997\r\n\t9:55:06 -0600") == "Fri, 21 Nov 1997 09:55:06 -0600");
    for (const char* zone : {"A", "z", "J", "CEST", "XYZ"}) {
        const auto date = date::parse("21 Nov 1997 09:55:06 " + std::string(zone));
        REQUIRE(date);
        CHECK(date->is_zone_unknown);
        CHECK(date->zone_minutes == 0);
    }
}

TEST_CASE("a wrong day of the week is reported and otherwise left alone") {
    const auto date = date::parse("Sat, 21 Nov 1997 09:55:06 -0600");
    REQUIRE(date);
    CHECK(date->is_weekday_wrong);
    CHECK(date::text(*date) == "Fri, 21 Nov 1997 09:55:06 -0600");
    CHECK_FALSE(date::parse("Fri, 21 Nov 1997 09:55:06 -0600")->is_weekday_wrong);
}

TEST_CASE("the sixtieth second is the first of the next minute") {
    const auto date = date::parse("Sat, 31 Dec 2016 23:59:60 +0000");
    REQUIRE(date);
    CHECK(date->instant == sys_days(2017y / January / 1));
    CHECK(shown("Sun, 1 Jan 2017 05:29:60 +0530") == "Sun, 1 Jan 2017 05:30:00 +0530");
}

TEST_CASE("what is no date is refused") {
    for (const char* bad : {"",
                            " ",
                            "Fri",
                            "Fri,",
                            "21",
                            "21 Nov",
                            "21 Nov 1997",
                            "21 Nov 1997 09",
                            "21 Nov 1997 09:55",
                            "Fri 21 Nov 1997 09:55:06 -0600",
                            "Foo, 21 Nov 1997 09:55:06 -0600",
                            "31 Apr 1997 09:55:06 -0600",
                            "29 Feb 2023 09:55:06 -0600",
                            "0 Nov 1997 09:55:06 -0600",
                            "32 Nov 1997 09:55:06 -0600",
                            "121 Nov 1997 09:55:06 -0600",
                            "21 November 1997 09:55:06 -0600",
                            "21 Nov 1899 09:55:06 -0600",
                            "21 Nov 19970 09:55:06 -0600",
                            "21 Nov 7 09:55:06 -0600",
                            "21 Nov 1997 24:00:00 -0600",
                            "21 Nov 1997 09:60:00 -0600",
                            "21 Nov 1997 09:59:61 -0600",
                            "21 Nov 1997 9:5:06 -0600",
                            "21 Nov 1997 09:55:06.5 -0600",
                            "21 Nov 1997 09:55:06 -060",
                            "21 Nov 1997 09:55:06 -06000",
                            "21 Nov 1997 09:55:06 -0660",
                            "21 Nov 1997 09:55:06 +2400",
                            "21 Nov 1997 09:55:06 LONGER",
                            "21 Nov 1997 09:55:06 -0600 x",
                            "21 Nov 1997 09:55:06 -0600 (x",
                            "21 Nov 1997 09:55:06 -0600 (x\\",
                            "21 Nov 1997 09:55:06 -0600\r\n",
                            "21 Nov\n 1997 09:55:06 -0600",
                            "1997-11-21T09:55:06Z",
                            "(((",
                            "21 Nov 1997 09:55:06 -0600)"})
        CHECK_MESSAGE(shown(bad) == "-", bad);
    CHECK(shown("21 Nov 1997 09:55:06 -0600 (" + std::string(300, 'x') + ")") == "-");
    CHECK(shown("21 Nov 1997 09:55:06 -0600 " + std::string(33, '(') + std::string(33, ')')) ==
          "-");
    CHECK(date::parse("x").error().status == EnhancedStatus{5, 6, 0});
}

TEST_CASE("what is written reads back, over all years and zones") {
    std::uint64_t state = 7;
    const sys_seconds first = sys_days(1900y / January / 2);
    const auto range = static_cast<std::uint64_t>(
        (sys_days(9999y / December / 30) - sys_days(1900y / January / 2)) / 1s);
    for (int i = 0; i < 5'000; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const date::Date date{
            .instant = first + seconds(static_cast<std::int64_t>((state >> 11) % range)),
            .zone_minutes = static_cast<int>(state >> 40) % 1440};
        CHECK(date::parse(date::text(date)).value() == date);
    }
}
