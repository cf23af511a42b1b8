#include "formats/date/date.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/text.h"

namespace pidge::date {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr int comment_depth_max = 32;

// Index in `names`, or -1. Names are of three letters, in any case.
template <std::size_t n>
int find_name(const std::array<std::string_view, n>& names, std::string_view word) {
    for (std::size_t i = 0; i < n; ++i)
        if (text::iequals(names[i], word)) return static_cast<int>(i);
    return -1;
}

class Reader {
 public:
    explicit Reader(std::string_view in) : in_(in) {}

    std::string_view word();
    // Digits, at least `least` and at most `most` of them; -1 when there are not.
    int number(std::size_t least, std::size_t most, std::size_t* digits = nullptr);
    bool take(char c);
    bool is_end() { return skip_space() && in_.empty(); }
    bool is_at_digit() { return skip_space() && !in_.empty() && text::is_digit(in_.front()); }
    // The sign of a zone, or 0.
    int sign();

 private:
    bool skip_space();
    std::string_view in_;
};

// [CFWS]; false when a comment is broken, which then shows as text where none should be.
bool Reader::skip_space() {
    int depth = 0;
    while (!in_.empty()) {
        const char c = in_.front();
        if (c == '(') {
            if (++depth > comment_depth_max) return false;
        } else if (c == ')' && depth > 0) {
            --depth;
        } else if (c == '\\' && depth > 0) {
            if (in_.size() < 2) return false;
            in_.remove_prefix(1);
        } else if (c == '\r') {
            if (!in_.starts_with("\r\n ") && !in_.starts_with("\r\n\t")) return false;
            in_.remove_prefix(1);
        } else if (c == '\n' || c == '\0') {
            return false;
        } else if (depth == 0 && c != ' ' && c != '\t') {
            return true;
        }
        in_.remove_prefix(1);
    }
    return depth == 0;
}

std::string_view Reader::word() {
    if (!skip_space()) return {};
    std::size_t end = 0;
    while (end < in_.size() && text::is_alpha(in_[end])) ++end;
    const std::string_view found = in_.substr(0, end);
    in_.remove_prefix(end);
    return found;
}

int Reader::number(std::size_t least, std::size_t most, std::size_t* digits) {
    if (!skip_space()) return -1;
    int value = 0;
    std::size_t count = 0;
    while (count < in_.size() && text::is_digit(in_[count])) {
        if (count == most) return -1;
        value = value * 10 + (in_[count++] - '0');
    }
    if (count < least) return -1;
    in_.remove_prefix(count);
    if (digits != nullptr) *digits = count;
    return value;
}

bool Reader::take(char c) {
    if (!skip_space() || !in_.starts_with(c)) return false;
    in_.remove_prefix(1);
    return true;
}

int Reader::sign() {
    return take('+') ? 1 : take('-') ? -1 : 0;
}

Refusal bad(std::string_view what) {
    return {.kind = Refusal::Kind::syntax,
            .text = "The date cannot be read: " + std::string(what) + ".",
            .status = {5, 6, 0}};
}

// RFC 5322 §4.3: two digits 00-49 are 2000-2049, other two and three digits count from 1900.
int full_year(int year, std::size_t digits) {
    if (digits == 2) return year + (year < 50 ? 2000 : 1900);
    return digits == 3 ? year + 1900 : year;
}

// zone = (FWS ( "+" / "-" ) 4DIGIT) / obs-zone
Result<void> read_zone(Reader& in, Date& date) {
    if (const int sign = in.sign(); sign != 0) {
        const int zone = in.number(4, 4);
        if (zone < 0 || zone % 100 > 59 || zone / 100 > 23) return bad("its zone is not +hhmm");
        date.zone_minutes = sign * (zone / 100 * 60 + zone % 100);
        date.is_zone_unknown = sign < 0 && zone == 0;
        return {};
    }
    struct Name {
        std::string_view name;
        int hours;
    };
    static constexpr std::array<Name, 11> names = {{{"UT", 0},
                                                    {"GMT", 0},
                                                    {"UTC", 0},
                                                    {"EST", -5},
                                                    {"EDT", -4},
                                                    {"CST", -6},
                                                    {"CDT", -5},
                                                    {"MST", -7},
                                                    {"MDT", -6},
                                                    {"PST", -8},
                                                    {"PDT", -7}}};
    const std::string_view word = in.word();
    for (const Name& known : names)
        if (text::iequals(known.name, word)) {
            date.zone_minutes = known.hours * 60;
            return {};
        }
    // §4.3: military zones were used with both signs, others are of local meaning: all tell as much
    // as "-0000".
    if (word.empty() || word.size() > 5) return bad("it has no zone");
    date.is_zone_unknown = true;
    return {};
}

}  // namespace

Result<Date> parse(std::string_view field_body) {
    if (field_body.size() > date_octets_max) return bad("it is too long");
    Reader in(field_body);
    int weekday_index = -1;
    if (!in.is_at_digit()) {
        weekday_index = find_name(day_names, in.word());
        if (weekday_index < 0) return bad("it begins with neither a day of the week nor a day");
        if (!in.take(',')) return bad("a comma is missing after the day of the week");
    }
    const int day_number = in.number(1, 2);
    const int month_index = find_name(month_names, in.word());
    if (month_index < 0) return bad("the month is not one of Jan to Dec");
    std::size_t digits = 0;
    const int year_number = full_year(in.number(2, 4, &digits), digits);
    const auto day_of_year = year(year_number) / (month_index + 1) / day_number;
    if (day_number < 1 || year_number < 1900 || !day_of_year.ok())
        return bad("there is no such day");

    const int hour = in.number(1, 2);
    const int minute = in.take(':') ? in.number(2, 2) : -1;
    const int second = in.take(':') ? in.number(2, 2) : 0;
    // second 60 is a leap second; it may stand at any minute, as zones differ by minutes.
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return bad("the time is not hh:mm:ss");
    Date date;
    date.is_weekday_wrong = weekday_index >= 0 && weekday(sys_days(day_of_year)) !=
                                                      weekday(static_cast<unsigned>(weekday_index));
    TRY(read_zone(in, date));
    if (!in.is_end()) return bad("there is more text after the zone");
    date.instant =
        sys_days(day_of_year) + hours(hour) + minutes(minute - date.zone_minutes) + seconds(second);
    return date;
}

std::string text(const Date& date) {
    const auto local = floor<seconds>(date.instant) + minutes(date.zone_minutes);
    const auto day = floor<days>(local);
    const year_month_day ymd(day);
    const hh_mm_ss time(local - day);
    check(int(ymd.year()) >= 1900 && int(ymd.year()) <= 9999, "a year that RFC 5322 can write");
    const int zone = std::abs(date.zone_minutes);
    check(zone < 24 * 60);
    return fmt::format(
        "{}, {} {} {:04} {:02}:{:02}:{:02} {}{:02}{:02}", day_names[weekday(day).c_encoding()],
        unsigned(ymd.day()), month_names[unsigned(ymd.month()) - 1], int(ymd.year()),
        time.hours().count(), time.minutes().count(), time.seconds().count(),
        date.zone_minutes < 0 || date.is_zone_unknown ? '-' : '+', zone / 60, zone % 60);
}

std::string text(WallTime instant) {
    return text(Date{.instant = instant});
}

}  // namespace pidge::date
