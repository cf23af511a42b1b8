#include "formats/message/header.h"

#include <doctest/doctest.h>

using namespace pidge;
using message::DefectKind;
using message::Header;

namespace {
bool has(std::string_view block, DefectKind kind) {
    return Header::parse(std::string(block)).defects().has(kind);
}
}  // namespace

TEST_CASE("a header is fields with names, bodies and places") {
    const Header header = Header::parse(
        "Received: one\r\nSubject: Hello\r\n\tthere\r\nreceived: two\r\nX-Empty:\r\n\r\nbody\r\n");
    REQUIRE(header.fields().size() == 4);
    CHECK(header.defects().is_empty());
    const message::Field& subject = header.fields()[1];
    CHECK(header.name(subject) == "Subject");
    CHECK(header.body(subject) == " Hello\r\n\tthere");
    CHECK(header.raw(subject) == "Subject: Hello\r\n\tthere\r\n");
    CHECK(header.find_text("subject") == "Hello\tthere");
    CHECK(header.find_text("x-empty") == "");
    CHECK_FALSE(header.find_text("To"));
    CHECK(header.find("To") == nullptr);
    CHECK(header.count("RECEIVED") == 2);
    CHECK(header.body(*header.find_all("Received")[1]) == " two");
    CHECK(header.bytes().substr(header.body_offset()) == "body\r\n");
    CHECK(header.bytes().substr(header.fields_end(), 2) == "\r\n");
}

TEST_CASE("a body may follow at once, or never") {
    const Header none = Header::parse("\r\nbody");
    CHECK(none.fields().empty());
    CHECK(none.body_offset() == 2);
    const Header open = Header::parse("Subject: x");
    CHECK(open.find_text("Subject") == "x");
    CHECK(open.body_offset() == 10);
    CHECK(open.defects().has(DefectKind::no_blank_line));
    CHECK(Header::parse("").fields().empty());
}

TEST_CASE("defects are found and every octet stays") {
    CHECK(has("Subject : x\r\n\r\n", DefectKind::space_before_colon));
    CHECK(Header::parse("Subject \t: x\r\n\r\n").find_text("Subject") == "x");
    CHECK(has("no field\r\n\r\n", DefectKind::no_colon));
    CHECK(has(": x\r\n\r\n", DefectKind::bad_field_name));
    CHECK(has("a b: x\r\n\r\n", DefectKind::bad_field_name));
    CHECK(has("\xc3\xbc: x\r\n\r\n", DefectKind::bad_field_name));
    CHECK(has(" x: y\r\n\r\n", DefectKind::begins_with_continuation));
    CHECK(has("A: x\r\n \r\n y\r\n\r\n", DefectKind::blank_fold));
    CHECK(has("A: x\ry\r\n\r\n", DefectKind::bare_cr));
    CHECK(has("A: x\nB: y\r\n\r\n", DefectKind::bare_lf));
    CHECK(has(std::string_view("A: \0\r\n\r\n", 8), DefectKind::nul));
    CHECK(has("A: \x1b\r\n\r\n", DefectKind::control_in_header));
    CHECK(has("A: \xff\r\n\r\n", DefectKind::raw_octets_in_header));
    CHECK(has("A: \xc3\xbc\r\n\r\n", DefectKind::utf8_in_header));
    CHECK(has("A: " + std::string(996, 'x') + "\r\n\r\n", DefectKind::line_too_long));
    CHECK(Header::parse("A: " + std::string(995, 'x') + "\r\n\r\n").defects().is_empty());
    // A bare line feed ends no line: "B" is no field of its own (attacks.md G1).
    CHECK(Header::parse("A: x\nB: y\r\n\r\n").find("B") == nullptr);
    const Header junk = Header::parse("A: x\r\njunk\r\nB: y\r\n\r\n");
    CHECK(junk.raw(junk.fields()[1]) == "junk\r\n");
    CHECK(junk.find_text("B") == "y");
}

TEST_CASE("[P01] a huge header costs its size once and lists no more than the limits") {
    std::string many;
    for (int i = 0; i < 500'000; ++i) many += "X:y\r\n";
    const Header cut = Header::parse(many + "\r\nbody");
    CHECK(cut.fields().size() == message::fields_max);
    CHECK(cut.defects().has(DefectKind::too_many_fields));
    CHECK(cut.body_offset() == many.size() + 2);
    const Header big = Header::parse("A: " + std::string(100'000'000, 'x') + "\r\n\r\n");
    CHECK(big.fields().empty());
    CHECK(big.defects().has(DefectKind::header_too_long));
    CHECK(has("A: " + std::string(70'000, 'x') + "\r\n\r\n", DefectKind::field_too_long));
}

TEST_CASE("unfolding takes away line ends before white space and nothing else") {
    CHECK(message::unfold(" a\r\n b\r\n\tc") == " a b\tc");
    CHECK(message::unfold("a\r\nb\r\n") == "a\r\nb\r\n");
    CHECK(message::unfold_trimmed("\t a\r\n  b \r\n ") == "a  b");
    CHECK(message::header_octets("A: b\r\n\r\nc") == 8);
    CHECK(message::header_octets("\r\nc") == 2);
    CHECK(message::header_octets("A: b\r\n") == 6);
}
