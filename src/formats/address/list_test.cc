#include "formats/address/list.h"

#include <doctest/doctest.h>

#include "formats/address/limits.h"

using namespace pidge;
using address::Obsolete;

namespace {
// "name=address[spec text]" of each mailbox, for comparing.
std::string shown(std::string_view body) {
    const auto list = address::read_address_list(body);
    std::string out;
    for (const auto& entry : list.mailboxes) {
        if (!out.empty()) out += " | ";
        if (entry.group) out += list.groups[*entry.group].name + ": ";
        if (!entry.display_name.empty()) out += entry.display_name + " = ";
        out += entry.mailbox.text();
    }
    for (const auto& error : list.errors) out += " !" + std::to_string(error.offset);
    return out;
}
}  // namespace

TEST_CASE("mailboxes, names, comments and groups of a list are read") {
    CHECK(shown("alice@site.example") == "alice@site.example");
    CHECK(shown("Alice Liddell <alice@Site.Example>, \"Bob, \\\"B\\\"\" <bob@b>") ==
          "Alice Liddell = alice@site.example | Bob, \"B\" = bob@b");
    CHECK(shown("A Group:Ed Jones <joe@a>,joe@b,John <jdoe@c>;, x@y") ==
          "A Group: Ed Jones = joe@a | A Group: joe@b | A Group: John = jdoe@c | x@y");
    CHECK(shown("Undisclosed recipients:;") == "");
    CHECK(shown("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;") == "");
    CHECK(shown("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>") ==
          "Pete = pete@silly.test");
    CHECK(shown("x@[192.0.2.1]") == "x@[192.0.2.1]");
    CHECK(shown("") == "");
    CHECK(shown("\"a\r\n b\" <x@y>") == "a b = x@y");
    CHECK(address::read_address_list("a@b (Alice)").mailboxes[0].comment == "Alice");
}

TEST_CASE("obsolete forms are read and reported") {
    const auto one = [](std::string_view body, Obsolete what, std::string_view text) {
        const auto list = address::read_address_list(body);
        CHECK(list.is_clean());
        CHECK(list.obsolete.has(what));
        CHECK(shown(body) == text);
    };
    one("Mary <@node.test,@a . b:mary@example.net>", Obsolete::route, "Mary = mary@example.net");
    one("john . doe @ example . com", Obsolete::space_in_address, "john.doe@example.com");
    one("Joe Q. Public <j@x>", Obsolete::dot_in_phrase, "Joe Q. Public = j@x");
    one("a@b,,\r\n c@d,", Obsolete::empty_element, "a@b | c@d");
    one("\"a\".b.\"c\"@d", Obsolete::words_in_local_part, "a.b.c@d");
    one("a@b,\r\n \r\n c@d", Obsolete::blank_fold, "a@b | c@d");
    one("(\x01)a@b", Obsolete::control_in_comment, "a@b");
    one("J\xf6rg <a@b>", Obsolete::raw_octets, "J\xf6rg = a@b");
    CHECK(address::read_address_list("Alice L <a@b>, \"x\"@y (c)").obsolete.is_empty());
}

TEST_CASE("spans point at what can be replaced") {
    const std::string_view body = " \"A @ B\" (x) <@r:ali . ce@site (c) . example>(y), bob@b (z)";
    const auto list = address::read_address_list(body);
    REQUIRE(list.mailboxes.size() == 2);
    CHECK(list.mailboxes[0].addr_spec.in(body) == "ali . ce@site (c) . example");
    CHECK(list.mailboxes[0].whole.in(body) == "\"A @ B\" (x) <@r:ali . ce@site (c) . example>");
    CHECK(list.mailboxes[0].phrase.in(body) == "\"A @ B\"");
    CHECK(list.mailboxes[1].addr_spec.in(body) == "bob@b");
}

TEST_CASE("an unreadable entry is reported and the others are kept") {
    CHECK(shown("a@b, nobody, c@d") == "a@b | c@d !11");
    CHECK(shown("a@b c@d, e@f") == "e@f !4");
    CHECK(shown("<>, e@f") == "e@f !1");
    CHECK(shown("a@b@c, e@f") == "e@f !3");
    CHECK(shown("g: a@b, x y, c@d; , e@f") == "g: a@b | g: c@d | e@f !11");
    CHECK(shown("g: a@b") == "g: a@b !6");
    CHECK(shown("a: b: c@d;") == " !4");
}

TEST_CASE("a decision is not made on a list that has an unreadable entry") {
    CHECK(address::parse_address_list("a@b, c@d")->mailboxes.size() == 2);
    for (const char* bad :
         {"a@b, c",        "a@",       "@b",       "a@b.",     "a..b@c", "a@b..c",
          ".a@b",          "a.@b",     "<a@b",     "a@b>",     "\"a@b",  "(a@b",
          "a@b (",         "a@[1",     "a\"b\"@c", "a@b\r\nc", "a@b\n",  "a\x01@b",
          "\"a\\\x01\"@b", "a@b; c@d", "a \xff@b", "<@a:>",    "<a@b> c"})
        CHECK_MESSAGE(!address::parse_address_list(bad), bad);
    const auto bad = address::parse_address_list("a@b, c");
    CHECK(bad.error().status == EnhancedStatus{5, 6, 0});
}

TEST_CASE("what SMTP would not carry is marked") {
    const auto fits = [](std::string_view body) {
        return address::read_address_list(body).mailboxes.at(0).fits_smtp;
    };
    CHECK(fits("a@b.example"));
    CHECK_FALSE(fits("a@b_c.example"));
    CHECK_FALSE(fits("a@[not an address]"));
    CHECK_FALSE(fits(std::string(65, 'a') + "@b"));
    CHECK_FALSE(fits("\"\"@b"));
}

TEST_CASE("[P01] a million addresses cost one pass and the rest stays text") {
    std::string body;
    for (int i = 0; i < 1'000'000; ++i) body += "a@b, ";
    const auto list = address::read_address_list(body);
    CHECK(list.mailboxes.size() == address::list_addresses_max);
    CHECK(list.is_cut);
    CHECK(list.read_octets == 5 * address::list_addresses_max - 1);
    CHECK_FALSE(address::parse_address_list(body));
}

TEST_CASE("[P04] open comments, quotes and quoted pairs end with the body") {
    for (std::string body :
         {std::string("(aaa\\"), std::string(1'000'000, '('), std::string("\"aaa\\"),
          std::string("a@[\\"), std::string("a <b@c"), std::string("a@b (\\")}) {
        body.shrink_to_fit();
        CHECK(address::read_address_list(body).errors.size() == 1);
    }
    const std::string deep = std::string(32, '(') + std::string(32, ')') + "a@b";
    CHECK(address::read_address_list(deep).is_clean());
    CHECK_FALSE(address::read_address_list("(" + deep).is_clean());
}

TEST_CASE("a written phrase reads back") {
    for (const std::string name :
         {"Alice", "Alice B Liddell", "A, B", "say \"hi\\\"", " x ", "a  b", "J. Doe",
          "gr\xc3\xbc\xc3\x9f"
          " dich",
          "=?x?="}) {
        const auto list = address::read_address_list(address::quoted_phrase(name) + " <a@b>");
        REQUIRE(list.is_clean());
        CHECK(list.mailboxes.at(0).display_name == name);
        CHECK(list.obsolete.is_empty());
    }
    CHECK(address::quoted_phrase("a\r\nb") == "ab");
}
