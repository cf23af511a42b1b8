#include "formats/address/path.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "formats/address/limits.h"

using namespace pidge;
using address::Role;
using address::Utf8;

namespace {
std::string forward(std::string_view in) {
    const auto path = address::read_forward_path(in, Utf8::allowed);
    return path ? path->text() + std::string(in) : path.error().status.text();
}
std::string domain_of(std::string_view name) {
    return address::normal_domain(name).value_or("");
}
std::string literal_of(std::string_view text) {
    return address::normal_literal(text).value_or("");
}
}  // namespace

TEST_CASE("a reverse path is a mailbox or null, and leaves the parameters") {
    std::string_view in = "<Alice.B@Site.Example> SIZE=5";
    const auto path = address::read_reverse_path(in, Utf8::refused);
    REQUIRE(path);
    CHECK(path->mailbox->local_part == "Alice.B");
    CHECK(path->mailbox->domain == "site.example");
    CHECK(in == " SIZE=5");
    in = "<>";
    const auto null = address::read_reverse_path(in, Utf8::refused);
    REQUIRE(null);
    CHECK(null->is_null());
    in = "<a@b";
    const auto open = address::read_reverse_path(in, Utf8::refused);
    REQUIRE_FALSE(open);
    CHECK(open.error().status == EnhancedStatus{5, 1, 7});
    CHECK(open.error().reply_code == 501);
}

TEST_CASE("a quoted local part is read for what it means and quoted only where it must be") {
    CHECK(forward("<\"alice\"@site.example>") == "<alice@site.example>");
    CHECK(forward("<\"a\\l\\i.ce\"@site.example>") == "<ali.ce@site.example>");
    CHECK(forward("<\"a b\\\"\\\\\"@site.example>") == "<\"a b\\\"\\\\\"@site.example>");
    CHECK(forward("<\"a..b\"@site.example>") == "<\"a..b\"@site.example>");
}

TEST_CASE("postmaster needs no domain, and nobody else does without") {
    CHECK(forward("<postmaster>") == "<postmaster>");
    CHECK(forward("<PostMaster> X=Y") == "<PostMaster> X=Y");
    CHECK(forward("<alice>") == "5.1.3");
    std::string_view in = "<postmaster>";
    CHECK_FALSE(address::read_reverse_path(in, Utf8::allowed));
}

TEST_CASE("[R01] addresses that try to relay never read as another domain") {
    CHECK(forward("<v%ext@site>") == "<v%ext@site>");
    CHECK(forward("<ext!v@site>") == "<ext!v@site>");
    CHECK(forward("<\"v@ext\"@site>") == "<\"v@ext\"@site>");
    CHECK(forward("<v@[127.0.0.1]>") == "<v@[127.0.0.1]>");
    CHECK(forward("<v@[IPv6:::1]>") == "<v@[IPv6:::1]>");
    for (const char* bad :
         {"<v@ext@site>",     "<v@ext.>",        "<ext!v>",       "<\"v@ext\">",    "<v@ext;@site>",
          "<v@site",          "v@site>",         "<v @site>",     "< v@site>",      "<v@site >",
          "<@site>",          "<@site:>",        "<@site,v@ext>", "<v@[127.0.0.1>", "<v@127.0.0.1>",
          "<v@[127.0.0.01]>", "<v@[256.0.0.1]>", "<v@[::1]>",     "<v@[]>",         "<v@>"})
        CHECK_MESSAGE(forward(bad) == "5.1.3", bad);
    std::string_view in = "<@site,@b.example:v@ext>";
    const auto routed = address::read_forward_path(in, Utf8::allowed);
    REQUIRE(routed);
    CHECK(routed->route == address::Route::source);
    CHECK(routed->mailbox.text() == "v@ext");
    in = "<v@ext>";
    CHECK(address::read_forward_path(in, Utf8::allowed)->route == address::Route::direct);
}

TEST_CASE("[R04] empty and over-long local parts and domains are refused") {
    CHECK(forward("<\"\"@site>") == "5.1.3");
    const std::string local(64, 'l');
    CHECK(address::parse_mailbox(local + "@site.example"));
    CHECK_FALSE(address::parse_mailbox(local + "l@site.example"));
    CHECK_FALSE(address::parse_mailbox("\"" + local.substr(1) + " \"@site.example"));
    std::string domain;
    while (domain.size() < 240) domain += std::string(11, 'd') + ".";
    CHECK(address::parse_mailbox("a@" + domain + "example"));
    domain += std::string(256 - domain.size(), 'e');
    REQUIRE(domain.size() == 256);
    CHECK_FALSE(address::normal_domain(domain));
    CHECK(address::normal_domain(domain.substr(1)));
    CHECK_FALSE(address::parse_mailbox("a@" + domain));
    CHECK_FALSE(address::parse_mailbox("a@" + domain.substr(1)));  // 257 octets of mailbox
    CHECK_FALSE(address::parse_mailbox("a@" + std::string(64, 'x') + ".example"));
    const std::string huge(1 << 20, 'a');
    CHECK_FALSE(address::parse_mailbox(huge + "@site"));
    CHECK_FALSE(address::parse_mailbox("\"" + huge));
    CHECK_FALSE(address::parse_mailbox("a@" + huge));
}

TEST_CASE("every octet of a local part is judged by the grammar") {
    for (int value = 0; value < 256; ++value) {
        const char c = static_cast<char>(value);
        const bool atext = text::is_alpha(c) || text::is_digit(c) ||
                           (c != 0 && std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c));
        const bool in_middle = atext || c == '.';
        const std::string octet(1, c);
        CHECK(address::parse_mailbox("a" + octet + "b@site").has_value() == in_middle);
        const bool quoted = value >= 32 && value <= 126 && c != '"';  // "a\b" is a quoted pair
        CHECK(address::parse_mailbox("\"a" + octet + "b\"@site").has_value() == quoted);
        const bool pair = value >= 32 && value <= 126;
        CHECK(address::parse_mailbox("\"\\" + octet + "b\"@site").has_value() == pair);
        const bool domain = text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '.';
        CHECK(address::parse_mailbox("a@x" + octet + "y").has_value() == domain);
    }
}

TEST_CASE("[P15] UTF-8 is refused with 5.6.7 unless SMTPUTF8 was asked for") {
    for (const char* utf8 : {"<j\xc3\xb6rg@site.example>", "<\"j \xc3\xb6\"@site.example>",
                             "<joerg@b\xc3\xbc"
                             "cher.example>"}) {
        std::string_view in = utf8;
        const auto refused = address::read_forward_path(in, Utf8::refused);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().status == EnhancedStatus{5, 6, 7});
        CHECK(refused.error().reply_code == 550);
        in = utf8;
        CHECK(address::read_forward_path(in, Utf8::allowed));
    }
    const auto mailbox = address::parse_mailbox(
        "J\xc3\x96rg@B\xc3\x9c"
        "CHER.example");
    REQUIRE(mailbox);
    CHECK(mailbox->domain == "xn--bcher-kva.example");
    CHECK(mailbox->needs_smtputf8());
    CHECK(mailbox->text_utf8() ==
          "J\xc3\x96rg@b\xc3\xbc"
          "cher.example");
    CHECK_FALSE(address::parse_mailbox("x@b\xc3\xbc"
                                       "cher.example")
                    ->needs_smtputf8());
    for (const char* bad : {"a\xff@site", "a\xc2\x85@site",
                            "a\xe2\x80\xae"
                            "b@site",
                            "a\xed\xa0\x80@site"})
        CHECK_FALSE(address::parse_mailbox(bad));
}

TEST_CASE("[J2] keys are equal for addresses that differ in case alone") {
    const auto key_of = [](const char* text) {
        return address::key(*address::parse_mailbox(text));
    };
    CHECK(key_of("Alice@SITE.example") == key_of("aLICE@site.EXAMPLE"));
    CHECK(key_of("\"Alice\"@site.example") == key_of("alice@site.example"));
    CHECK(key_of("J\xc3\x96RG@site.example") == key_of("jo\xcc\x88rg@site.example"));
    CHECK(key_of("x@B\xc3\xbc"
                 "cher.example") == key_of("x@XN--BCHER-KVA.example"));
    CHECK(key_of("a@[IPv6:2001:DB8:0::1]") == key_of("a@[ipv6:2001:db8::1]"));
    CHECK(key_of("\"a@b\"@c.example") != key_of("a@b.c.example"));
}

TEST_CASE("domains have one normal form") {
    CHECK(domain_of("WWW.Example.COM") == "www.example.com");
    CHECK(address::normal_domain("example.com.").error().text ==
          "Leave out the dot at the end of the domain.");
    CHECK(domain_of("stra\xc3\x9f"
                    "e.example") == "xn--strae-oqa.example");
    CHECK(domain_of("b\xc3\xbc"
                    "cher\xe3\x80\x82"
                    "example") == "xn--bcher-kva.example");
    CHECK(address::display_domain("xn--bcher-kva.example") ==
          "b\xc3\xbc"
          "cher.example");
    CHECK(address::display_domain("xn--0.example") == "xn--0.example");
    for (const char* bad :
         {"", ".", "a..b", ".a", "a.", "-a.example", "a-.example", "a_b.example", "1.2.3.4", "a b",
          "a\xef\xbc\xa0"
          "b.example",
          "\xff.example"})
        CHECK(domain_of(bad) == "");
    CHECK(literal_of("[IPv6:2001:DB8:0:0:0:0:0:1]") == "[IPv6:2001:db8::1]");
    for (const char* bad : {"[1.2.3]", "[1.2.3.4.5]", "[IPv6:1::2::3]", "[IPv6:]", "[x:]", "[:a]",
                            "[a-:b]", "[1.2.3.4", "1.2.3.4]", "[x400:c=de]", "[fe80::1]"})
        CHECK(literal_of(bad) == "");
}
