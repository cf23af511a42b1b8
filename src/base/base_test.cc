#include <doctest/doctest.h>

#include "base/id.h"
#include "base/log.h"
#include "base/result.h"
#include "base/text.h"

using namespace pidge;

TEST_CASE("an id reads back from its text and sorts by time") {
    using TestId = Id<struct TestTag>;
    const TestId early = TestId::make(1'000);
    const TestId late = TestId::make(2'000);
    CHECK(early < late);
    CHECK(early.text() < late.text());
    CHECK(early.text().size() == 26);
    CHECK(TestId::parse(early.text()) == early);
    CHECK(TestId::parse(text::to_upper(late.text())) == late);
    CHECK(TestId::from_bytes(late.bytes()) == late);
    CHECK_FALSE(TestId::parse("80000000000000000000000000"));
    CHECK_FALSE(TestId::parse(""));
    CHECK_FALSE(TestId::parse("0000000000000000000000000u"));
}

TEST_CASE("base64 is strict and reads back") {
    for (const std::string bytes : {"", "f", "fo", "foo", "foob", "\xff\xfe"})
        CHECK(text::from_base64(text::base64(bytes)) == bytes);
    for (const char* bad : {"=", "Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "Zm9=", "Zm 9", "Zg=g"})
        CHECK_FALSE(text::from_base64(bad));
}

TEST_CASE("numbers are plain decimal without overflow") {
    CHECK(text::parse_u64("18446744073709551615") == 18446744073709551615u);
    for (const char* bad : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "0x1"})
        CHECK_FALSE(text::parse_u64(bad));
}

TEST_CASE("printable text shows control and direction characters instead of obeying them") {
    CHECK(text::printable("a\x1b[2J\n") == "a\\x1b[2J\\x0a");
    CHECK(text::printable("\xe2\x80\xae") == "\\u{202e}");
    CHECK(text::printable("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
    CHECK(text::printable("\xc3") == "\\xc3");
    CHECK(text::printable("abcdef", 3) == "abc…");
}

TEST_CASE("a log line is one line whatever its values hold") {
    static constexpr log::Event event{"test-event", log::Level::info, "A test.", ""};
    std::string line;
    log::configure({.sink = [&](std::string_view text) { line = text; }});
    log::write(event, {{"user", "bob\nAccepted \"x\""}, {"count", 3}});
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(line.ends_with(" info test-event user=\"bob\\\\x0aAccepted \\\"x\\\"\" count=3\n"));
    log::configure({});
}

namespace {
Result<int> halve(int n) {
    if (n % 2 != 0) return Refusal{.text = "odd"};
    return n / 2;
}
Result<std::string> quarter(int n) {
    const int half = TRY(halve(n));
    return std::to_string(TRY(halve(half)));
}
}  // namespace

TEST_CASE("TRY hands the refusal on") {
    CHECK(*quarter(8) == "2");
    CHECK(quarter(6).error().text == "odd");
}
