#include "formats/message/header_edit.h"

#include <doctest/doctest.h>

using namespace pidge;
using message::Header;
using message::HeaderEdit;

TEST_CASE("edits change what they name and leave every other octet") {
    const Header header =
        Header::parse("From: a@b\r\nX-Odd:   kept \t\r\n\tas it is\r\nBcc: c@d\r\n\r\n");
    HeaderEdit edit(header);
    CHECK(edit.bytes() == header.bytes());
    edit.remove(*header.find("Bcc"));
    edit.replace(header.find("From")->body, " alice@site.example");
    edit.prepend("Received", "one");
    edit.prepend("Received", "two");
    edit.append("Date", "today");
    CHECK(edit.bytes() ==
          "Received: two\r\nReceived: one\r\nFrom: alice@site.example\r\nX-Odd:   kept \t\r\n\tas "
          "it is\r\nDate: today\r\n\r\n");
}

TEST_CASE("a header without fields, or without a blank line, can be completed") {
    for (const auto& [block, result] : {std::pair{"\r\n", "A: b\r\n\r\n"},
                                        {"", "A: b\r\n"},
                                        {"X: y\r\n", "X: y\r\nA: b\r\n"},
                                        {"X: y", "X: y\r\nA: b\r\n"}}) {
        const Header header = Header::parse(block);
        HeaderEdit edit(header);
        edit.append("A", "b");
        CHECK(edit.bytes() == result);
    }
}

TEST_CASE("generated fields are folded before spaces, to 78 octets where that is possible") {
    CHECK(message::folded_field("Subject", "short") == "Subject: short\r\n");
    CHECK(message::folded_field("Subject", "") == "Subject:\r\n");
    std::string body;
    for (int i = 0; i < 60; ++i) body += (i == 0 ? "" : " ") + std::string(i % 9 + 1, 'x');
    const Bytes field = message::folded_field("Subject", body + " " + std::string(100, 'y'));
    CHECK(message::unfold(field) == "Subject: " + body + " " + std::string(100, 'y') + "\r\n");
    std::size_t start = 0;
    for (std::size_t end; (end = field.find("\r\n", start)) != Bytes::npos; start = end + 2)
        CHECK(
            (end - start <= 78 || field.substr(start, end - start) == " " + std::string(100, 'y')));
}
