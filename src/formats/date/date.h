// Dates of header fields (RFC 5322 §3.3, obsolete forms of §4.3). Pure; thread-safe.
//
//   date-time = [ day-of-week "," ] date time [CFWS];  date = day month year;  time = hour ":"
//   minute [ ":" second ] zone
//
// The obsolete forms are read (years of two and three digits, names of zones, white space and
// comments anywhere) and never written.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace pidge::date {

struct Date {
    WallTime instant;      // to the second; 23:59:60 is the first second of the next day
    int zone_minutes = 0;  // east of Greenwich, as written; -1439..1439
    // "-0000" or an alphabetic zone that tells nothing (RFC 5322 §3.3, §4.3): the time is UTC, the
    // place unknown.
    bool is_zone_unknown = false;
    // The day of the week is not that of the date. RFC 5322 forbids it; what reads old mail goes by
    // the date.
    bool is_weekday_wrong = false;

    friend bool operator==(const Date&, const Date&) = default;
};

// Refused with status 5.6.0: anything else, a day that its month does not have, a wrong day of the
// week, a year before 1900 or after 9999, more than 256 octets.
Result<Date> parse(std::string_view field_body);

// "Fri, 21 Nov 1997 09:55:06 -0600". Years outside 1900..9999 are the caller's error.
std::string text(const Date& date);
std::string text(WallTime instant);  // in UTC: "+0000"

// The longest sensible one has 31; the rest is room for comments.
inline constexpr std::size_t date_octets_max = 256;

}  // namespace pidge::date
