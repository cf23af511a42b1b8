#include "formats/unicode/fold.h"

#include <doctest/doctest.h>

using namespace pidge;

TEST_CASE("folding makes case and composition disappear") {
    CHECK(unicode::folded("Jos\xc3\x89") == unicode::folded("jose\xcc\x81"));
    CHECK(unicode::folded("STRASSE") == unicode::folded("stra\xc3\x9f"
                                                        "e"));
    CHECK(unicode::folded("\xce\xa3") == unicode::folded("\xcf\x82"));  // sigma, final sigma
    CHECK(unicode::folded("a") != unicode::folded("\xd0\xb0"));         // Cyrillic a stays another
    CHECK(unicode::folded("ABC.Def+x") == "abc.def+x");
    CHECK(unicode::folded(unicode::folded("\xc3\x84\xcc\xa3")) ==
          unicode::folded("\xc3\x84\xcc\xa3"));
}

TEST_CASE("characters that steer a display are found, others are not") {
    for (const char* bad : {"a\nb", "\x7f", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xae",
                            "\xe2\x81\xa6", "\xef\xbf\xbf", "\xff", "\xc3", "\xed\xa0\x80"})
        CHECK(unicode::has_steering(bad));
    for (const char* good :
         {"", "gr\xc3\xbc\xc3\x9f", "\xe0\xa4\x95\xe2\x80\x8d", "\xf0\x9f\x95\x8a"})
        CHECK_FALSE(unicode::has_steering(good));
}
