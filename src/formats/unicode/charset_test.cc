#include "formats/unicode/charset.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace pidge;

TEST_CASE("charsets are found by their names and turned into UTF-8") {
    CHECK(unicode::to_utf8("gr\xfc\xdf", "ISO-8859-1") == "gr\xc3\xbc\xc3\x9f");
    CHECK(unicode::to_utf8("\x80", "windows-1252") == "\xe2\x82\xac");
    CHECK(unicode::to_utf8("\xa4", "iso-8859-15") == "\xe2\x82\xac");
    CHECK(unicode::to_utf8("\x1b$B$3\x1b(B", "iso-2022-jp") == "\xe3\x81\x93");
    CHECK(unicode::to_utf8("\xc1", "koi8-r") == "\xd0\xb0");
    CHECK(unicode::to_utf8("+AOQ-", "utf-7") == "\xc3\xa4");
    CHECK(unicode::to_utf8(std::string_view("\0a", 2), "utf-16be") == "a");
    CHECK_FALSE(unicode::to_utf8("a", "no-such-charset"));
    CHECK_FALSE(unicode::to_utf8("a", ""));
    CHECK_FALSE(unicode::to_utf8("a", "utf-8\n"));
    CHECK_FALSE(unicode::to_utf8("a", std::string(1000, 'u')));
}

TEST_CASE("[P05] every decoder turns every short input into valid UTF-8") {
    for (const char* charset :
         {"utf-8",      "us-ascii", "iso-8859-1", "iso-8859-8",  "windows-1251", "utf-7",
          "utf-16",     "utf-16le", "utf-32",     "iso-2022-jp", "iso-2022-kr",  "iso-2022-cn",
          "hz-gb-2312", "gb18030",  "big5",       "euc-jp",      "euc-kr",       "shift_jis",
          "koi8-u",     "tis-620",  "cesu-8",     "scsu",        "bocu-1"}) {
        std::uint32_t state = 1;
        for (int round = 0; round < 70'000; ++round) {
            std::string octets;
            if (round < 65'536) {
                octets = {static_cast<char>(round >> 8), static_cast<char>(round)};
                if (round < 256) octets.erase(0, 1);
            } else {
                for (int i = 0; i < 3 + round % 2; ++i) {
                    state = state * 1664525u + 1013904223u;
                    octets += static_cast<char>(state >> 24);
                }
            }
            const auto utf8 = unicode::to_utf8(octets, charset);
            if (!utf8 || !text::is_valid_utf8(*utf8)) FAIL(charset);
        }
    }
    CHECK(unicode::to_utf8("\xff", "us-ascii") == "\xef\xbf\xbd");
    CHECK(unicode::to_utf8("a\xe2\x82", "utf-8") == "a\xef\xbf\xbd");
}

TEST_CASE(
    "[P05] every decoder turns every prefix of what switches or spans octets into valid UTF-8") {
    // Escapes, shifts and designators of ISO-2022, HZ and UTF-7; lead and trail octets of the
    // multi-octet charsets; surrogates.
    const std::string octets(
        "\x1b\x0e\x0f\x00$()BJ@A~{}+-/\x80\x8e\x8f\xa1\xc2\xd8\xdc\xe2\xed\xf0\xfe\xff", 29);
    for (const char* charset :
         {"utf-8",     "iso-8859-8",  "windows-1252",  "utf-7",       "utf-16",      "utf-16be",
          "utf-32be",  "iso-2022-jp", "iso-2022-jp-2", "iso-2022-kr", "iso-2022-cn", "hz-gb-2312",
          "gb18030",   "big5",        "big5-hkscs",    "euc-jp",      "euc-kr",      "euc-tw",
          "shift_jis", "cesu-8",      "scsu"}) {
        CAPTURE(charset);
        for (const char a : octets)
            for (const char b : octets)
                for (const char c : octets) {
                    const auto utf8 = unicode::to_utf8(std::string{a, b, c}, charset);
                    if (utf8 && !text::is_valid_utf8(*utf8)) FAIL(charset);
                    // One of the fours that begin so.
                    const char d = octets[static_cast<unsigned char>(a ^ b ^ c) % octets.size()];
                    const auto four = unicode::to_utf8(std::string{a, b, c, d}, charset);
                    if (four && !text::is_valid_utf8(*four)) FAIL(charset);
                }
    }
}

TEST_CASE("[P05] UTF-7 and ISO-2022 are decoded where they are named and nowhere else") {
    const std::string seven = "+ADw-script+AD4-", escape = "\x1b$B!!\x1b(B";
    CHECK(unicode::to_utf8(seven, "utf-7") == "<script>");
    for (const char* charset : {"us-ascii", "utf-8", "iso-8859-1", "windows-1252", "koi8-r"})
        CHECK(unicode::to_utf8(seven, charset) == seven);
    for (const char* charset : {"", "x-unknown", "unknown-8bit", "utf7x", "x-user-defined"}) {
        CHECK(unicode::to_utf8_for_display(seven, charset) == seven);
        CHECK(unicode::to_utf8_for_display(escape, charset) == escape);
    }
}

TEST_CASE("[P05] nothing is guessed but UTF-8 and windows-1252") {
    CHECK(unicode::to_utf8_for_display("+ADw-script+AD4-", "") == "+ADw-script+AD4-");
    CHECK(unicode::to_utf8_for_display("\xc3\xbc", "unknown-8bit") == "\xc3\xbc");
    CHECK(unicode::to_utf8_for_display("\xfc", "unknown-8bit") == "\xc3\xbc");
}

TEST_CASE("control characters do not survive decoding") {
    CHECK(unicode::without_controls("a\r\nb\tc\x7f\xc2\x85\xc2\xa0") ==
          "a\xef\xbf\xbd\xef\xbf\xbd"
          "b\tc\xef\xbf\xbd\xef\xbf\xbd\xc2\xa0");
}
