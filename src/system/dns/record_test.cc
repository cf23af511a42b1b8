#include "system/dns/record.h"

#include <doctest/doctest.h>

#include "system/dns/answer.h"
#include "system/dns/limits.h"
#include "system/dns/name.h"
#include "system/dns/testing/rdata.h"

using namespace pidge;
using namespace pidge::dns;
using namespace pidge::dns::testing;
using namespace std::literals;

TEST_CASE("names go to the wire and back") {
    const Bytes wire = *wire_name("Mail.Example.ORG.");
    CHECK(wire == "\4mail\7example\3org\0"sv);
    CHECK(read_name(wire) == "mail.example.org");
    CHECK(*wire_name(".") == "\0"sv);
    CHECK(*wire_name("") == "\0"sv);
    CHECK(read_name("\0"sv) == "");
    CHECK(wire_name(std::string(63, 'a') + ".b"));
    for (const std::string bad : {"a..b", ".a", "a..", ".."}) CHECK_FALSE(wire_name(bad));
    CHECK_FALSE(wire_name(std::string(64, 'a') + ".b"));
    std::string long_name;
    for (int i = 0; i < 126; ++i) long_name += "a.";
    CHECK(wire_name(long_name + "a"));  // 127 labels, 255 octets
    CHECK_FALSE(wire_name(long_name + "aa"));
    CHECK(read_name(*wire_name(long_name + "a")) == long_name + "a");
    CHECK(master_file_name("a_b-c.x y\x01\xff") == "a_b-c.x\\032y\\001\\255.");
    CHECK(master_file_name("") == ".");
    CHECK_FALSE(master_file_name("a..b"));
}

TEST_CASE("[P11] names that no host has, or that are cut short or compressed, are not read") {
    for (const std::string_view bad :
         {""sv, "\1"sv, "\1a"sv, "\2a\0"sv, "\xc0\x0c"sv, "\1a\xc0\x0c"sv, "\x40"sv, "\1.\0"sv,
          "\1\0\0"sv, "\2a\n\0"sv, "\1\\\0"sv, "\1 \0"sv, "\1a\0x"sv})
        CHECK_FALSE(read_name(bad));
    Bytes too_long;
    for (int i = 0; i < 127; ++i) too_long += "\1a";
    CHECK_FALSE(read_name("\1a" + too_long + '\0'));
    CHECK(read_name(too_long + '\0'));
}

TEST_CASE("reverse names follow RFC 1035 section 3.5 and RFC 3596 section 2.5") {
    CHECK(reverse_name(*net::Address::parse("192.0.2.1")) == "1.2.0.192.in-addr.arpa");
    CHECK(reverse_name(*net::Address::parse("2001:db8::567:89ab")) ==
          "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST_CASE("records are read as they were made") {
    CHECK(read_a(address_rdata("192.0.2.1"))->text() == "192.0.2.1");
    CHECK(read_aaaa(address_rdata("2001:db8::1"))->text() == "2001:db8::1");
    CHECK(read_mx(mx_rdata(10, "MX.example.org")) == MxRecord{10, "mx.example.org"});
    CHECK(read_mx(mx_rdata(0, ".")) == MxRecord{0, ""});
    CHECK(read_txt(txt_rdata("v=spf1 -all")) == "v=spf1 -all");
    CHECK(read_txt(txt_rdata(std::string(1000, 'x'))) == std::string(1000, 'x'));
    CHECK(read_txt("\0"sv) == "");
    const SrvRecord srv{1, 2, 993, "imap.example.org"};
    CHECK(read_srv(srv_rdata(srv)) == srv);
    const TlsaRecord tlsa{3, 1, 1, std::string(32, '\x7f')};
    CHECK(read_tlsa(tlsa_rdata(tlsa)) == tlsa);
}

TEST_CASE(
    "[P11] records of wrong length are not read: TLSA of 0 to 19 octets, short MX, SRV, "
    "addresses") {
    for (std::size_t length = 0; length < 20; ++length) {
        const auto tlsa = read_tlsa(Bytes(length, '\1'));
        CHECK(tlsa.has_value() == (length >= 3));
        if (tlsa) CHECK_FALSE(tlsa->is_usable());
        CHECK_FALSE(read_mx(Bytes(length, '\1')));
        CHECK_FALSE(read_srv(Bytes(length, '\1')));
        CHECK(read_a(Bytes(length, '\1')).has_value() == (length == 4));
        CHECK(read_aaaa(Bytes(length, '\1')).has_value() == (length == 16));
    }
    CHECK_FALSE(read_mx(mx_rdata(10, "mx.example.org") + "x"));
    CHECK_FALSE(read_srv(srv_rdata({1, 2, 3, "a.example"}) + "x"));
    CHECK_FALSE(read_txt(""));
    CHECK_FALSE(read_txt("\5abc"));
    CHECK_FALSE(read_txt(txt_rdata(std::string(txt_octets_max + 1, 'x'))));
}

TEST_CASE(
    "[T03] TLSA records are usable as RFC 7672 section 3.1 says, with data of the right length") {
    const auto usable = [](int usage, int selector, int matching, std::size_t length) {
        return TlsaRecord{static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector),
                          static_cast<std::uint8_t>(matching), Bytes(length, 'x')}
            .is_usable();
    };
    CHECK(usable(3, 1, 1, 32));
    CHECK(usable(2, 0, 2, 64));
    CHECK(usable(3, 0, 0, 700));
    CHECK_FALSE(usable(0, 0, 1, 32));
    CHECK_FALSE(usable(1, 0, 1, 32));
    CHECK_FALSE(usable(4, 0, 1, 32));
    CHECK_FALSE(usable(3, 2, 1, 32));
    CHECK_FALSE(usable(3, 1, 3, 32));
    CHECK_FALSE(usable(3, 1, 1, 31));
    CHECK_FALSE(usable(3, 1, 2, 32));
    CHECK_FALSE(usable(3, 0, 0, 0));
}

TEST_CASE("[C7] an answer of which nothing is readable is temporary, never empty") {
    RawAnswer raw{.outcome = Outcome::found,
                  .records = {"x", mx_rdata(5, "a.example"), "yy"},
                  .secure = true};
    const auto part = read_answer(raw, read_mx);
    CHECK(part.is_found());
    CHECK(part.secure);
    CHECK(part.records == std::vector<MxRecord>{{5, "a.example"}});
    raw.records = {"x", ""};
    const auto broken = read_answer(raw, read_mx);
    CHECK(broken.is_temporary());
    CHECK_FALSE(broken.secure);
    CHECK(broken.text == "the name server answered with malformed records");
    CHECK(read_answer(RawAnswer{.outcome = Outcome::no_data}, read_mx).outcome == Outcome::no_data);
}
