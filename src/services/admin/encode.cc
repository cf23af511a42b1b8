#include "services/admin/encode.h"

#include <fmt/format.h>

#include "base/text.h"

namespace pidge::admin {
namespace {

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (text.size() < at + count) return std::nullopt;
    const auto number = text::parse_u64(text.substr(at, count));
    if (!number) return std::nullopt;
    return static_cast<int>(*number);
}

}  // namespace

std::string utc_text(WallTime time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<milliseconds>(time - day));
    std::string out =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()),
                    unsigned(date.day()), clock.hours().count(), clock.minutes().count(),
                    clock.seconds().count());
    if (clock.subseconds().count() != 0) out += fmt::format(".{:03}", clock.subseconds().count());
    return out + "Z";
}

std::optional<WallTime> parse_utc(std::string_view text) {
    using namespace std::chrono;
    const auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2),
               h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
    if (!y || !mo || !d || !h || !mi || !s || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    const year_month_day date(year(*y), month(static_cast<unsigned>(*mo)),
                              day(static_cast<unsigned>(*d)));
    if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
    WallTime time = sys_days(date) + hours(*h) + minutes(*mi) + seconds(*s);
    std::string_view rest = text.substr(19);
    if (rest.starts_with('.')) {
        const std::size_t end = rest.find('Z');
        if (end == std::string_view::npos || end < 2 || end > 10) return std::nullopt;
        std::string fraction(rest.substr(1, end - 1));
        fraction.resize(6, '0');
        const auto micro = text::parse_u64(fraction);
        if (!micro) return std::nullopt;
        time += microseconds(*micro);
        rest.remove_prefix(end);
    }
    if (rest != "Z") return std::nullopt;
    return time;
}

json::Value utc_or_null(const std::optional<WallTime>& time) {
    return time ? json::Value(utc_text(*time)) : json::Value();
}

Result<std::optional<WallTime>> find_utc(const json::Place& in, std::string_view name) {
    const auto text = TRY(in.find_string(name));
    if (!text) return std::optional<WallTime>();
    const auto time = parse_utc(*text);
    if (!time)
        return TRY(in.get(name)).refusal("expected a time in UTC, as \"2026-11-21T20:15:00Z\"");
    return time;
}

json::Array texts(const std::vector<std::string>& items) {
    json::Array out;
    for (const std::string& item : items) out.push_back(item);
    return out;
}

Result<std::vector<std::string>> read_texts(const json::Place& in, std::string_view name) {
    std::vector<std::string> out;
    for (const json::Place& item : TRY(in.array_or_empty(name))) out.push_back(TRY(item.string()));
    return out;
}

Result<json::Value> patched(const json::Object& object, const json::Place& patch) {
    json::Object out = object;
    for (const json::Place::Named& member : TRY(patch.members())) {
        if (member.name.find('/') != std::string_view::npos)
            return member.place.refusal("a patch names whole properties");
        out.set(member.name, member.place.value());
    }
    return json::Value(std::move(out));
}

Result<std::uint8_t> read_word(const json::Place& in, std::string_view name,
                               std::span<const std::string_view> words, std::uint8_t otherwise) {
    const auto word = TRY(in.find_string(name));
    if (!word) return otherwise;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == *word) return static_cast<std::uint8_t>(i);
    std::string all;
    for (const std::string_view known : words)
        all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", known);
    return TRY(in.get(name)).refusal("expected one of " + all);
}

bool contains_text(std::string_view where, std::string_view what) {
    return text::to_lower(where).find(text::to_lower(what)) != std::string::npos;
}

}  // namespace pidge::admin
