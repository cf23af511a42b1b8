#include "formats/message/mime_reader.h"

#include <doctest/doctest.h>

#include "formats/message/limits.h"

using namespace pidge;
using message::DefectKind;
using message::Structure;

namespace {

// The tree as text: number type/subtype[header|body] …; CRLF shown as "~".
std::string tree(std::string_view message) {
    const Structure structure = message::read_structure(message);
    std::string out;
    for (const message::Part& part : structure.parts) {
        out += part.number + " " + part.content_type.text() + "[" +
               std::string(part.body.in(message)) + "]" + std::to_string(part.lines) + "\n";
    }
    std::string shown;
    for (const char c : out)
        shown += c == '\r' ? "~" : c == '\n' && shown.ends_with('~') ? "" : std::string(1, c);
    return shown;
}

bool has(std::string_view message, DefectKind kind) {
    return message::read_structure(message).has(kind);
}

bool is_equal(const Structure& a, const Structure& b) {
    bool equal = a.parts.size() == b.parts.size() && a.defects.size() == b.defects.size() &&
                 a.octets == b.octets;
    for (std::size_t i = 0; equal && i < a.parts.size(); ++i)
        equal = a.parts[i].header == b.parts[i].header && a.parts[i].body == b.parts[i].body &&
                a.parts[i].lines == b.parts[i].lines && a.parts[i].children == b.parts[i].children;
    for (std::size_t i = 0; equal && i < a.defects.size(); ++i)
        equal = a.defects[i].kind == b.defects[i].kind &&
                a.defects[i].offset == b.defects[i].offset &&
                a.defects[i].part == b.defects[i].part;
    return equal;
}

constexpr std::string_view version = "MIME-Version: 1.0\r\n";

std::string multipart(std::string_view parts, std::string_view more = "") {
    return std::string(version) + "Content-Type: multipart/mixed; boundary=b\r\n" +
           std::string(more) + "\r\n" + std::string(parts);
}

}  // namespace

TEST_CASE("a message without MIME is one text part") {
    CHECK(tree("Subject: x\r\n\r\nbody\r\nmore\r\n") == "1 text/plain[body~more~]2\n");
    CHECK(tree("Subject: x\r\n\r\n") == "1 text/plain[]0\n");
    CHECK(tree("") == "1 text/plain[]0\n");
    CHECK(message::read_structure("Subject: x\r\n\r\nbody\r\n").defects.empty());
}

TEST_CASE("the parts of a multipart lie between its boundaries") {
    CHECK(tree(multipart("preamble\r\n--b\r\n\r\none\r\n--b  \r\nContent-Type: "
                         "text/html\r\n\r\ntwo\r\n\r\n--b--\r\nepilogue\r\n")) ==
          "TEXT multipart/mixed[preamble~--b~~one~--b  ~Content-Type: "
          "text/html~~two~~--b--~epilogue~]11\n"
          "1 text/plain[one]0\n"
          "2 text/html[two~]1\n");
    CHECK(tree(multipart("--b\r\n\r\n--b--")) ==
          "TEXT multipart/mixed[--b~~--b--]2\n1 text/plain[]0\n");
    CHECK(tree(multipart("--bc\r\n--b\r\n\r\n--b-\r\n--b--x\r\n--b--\r\n")) ==
          "TEXT multipart/mixed[--bc~--b~~--b-~--b--x~--b--~]6\n1 text/plain[--b-~--b--x]1\n");
}

TEST_CASE("multiparts and messages nest, and are numbered as IMAP numbers them") {
    const std::string inner =
        "Content-Type: multipart/alternative; boundary=\"in ner\"\r\n\r\n--in ner\r\n\r\na\r\n--in "
        "ner\r\n\r\nb\r\n--in ner--\r\n";
    const std::string nested = std::string(version) + inner;
    const std::string message =
        multipart("--b\r\n" + inner + "--b\r\nContent-Type: message/rfc822\r\n\r\n" + nested +
                  "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhi\r\n--b--\r\n");
    const Structure structure = message::read_structure(message);
    std::string numbers;
    for (const auto& part : structure.parts)
        numbers += part.number + " " + part.content_type.subtype + ",";
    CHECK(numbers ==
          "TEXT mixed,1 alternative,1.1 plain,1.2 plain,2 rfc822,2.TEXT alternative,2.1 plain,2.2 "
          "plain,3 rfc822,3.1 plain,");
    CHECK(structure.defects.empty());
    CHECK(structure.find("3.1")->body.in(message) == "hi");
    CHECK(structure.find("3")->body.in(message) == "Subject: x\r\n\r\nhi");
    CHECK(structure.find("2")->is_message());
}

TEST_CASE("the parts of a digest are messages") {
    CHECK(tree(std::string(version) +
               "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: "
               "x\r\n\r\nhi\r\n--b--\r\n") ==
          "TEXT multipart/digest[--b~~Subject: x~~hi~--b--~]6\n1 message/rfc822[Subject: "
          "x~~hi]2\n1.1 text/plain[hi]0\n");
}

TEST_CASE("an outer boundary ends what is open inside") {
    const std::string message = multipart(
        "--b\r\nContent-Type: multipart/mixed; "
        "boundary=c\r\n\r\n--c\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n");
    CHECK(message::read_structure(message).find("1.1")->body.in(message) == "one");
    CHECK(message::read_structure(message).find("2")->body.in(message) == "two");
    CHECK(has(message, DefectKind::unterminated_multipart));
    CHECK(tree(multipart("--b\r\nContent-Type: message/rfc822\r\n--b--\r\n"))
              .ends_with("1 message/rfc822[]0\n1.1 text/plain[]0\n"));
}

TEST_CASE("it makes no difference how the stream is cut") {
    const std::string message = multipart(
        "pre\xff\r\n--b\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\nZg==Zg==\r\n--b\r\n\r\na\rb\n\0c\r\n--b \r\nContent-Type: "
        "message/rfc822\r\n\r\n" +
        std::string(1'500, 'x') + "\r\n\r\n" + std::string(1'100, 'y') + "\r\r\n--b" +
        std::string(1'100, ' ') + "\r\n--b--\r\n");
    const Structure whole = message::read_structure(message);
    for (std::size_t cut = 0; cut < message.size(); ++cut) {
        message::MimeReader reader;
        reader.feed(std::string_view(message).substr(0, cut));
        reader.feed(std::string_view(message).substr(cut, 1));
        if (cut < message.size()) reader.feed(std::string_view(message).substr(cut + 1));
        if (!is_equal(std::move(reader).finish(), whole)) FAIL(cut);
    }
    message::MimeReader reader;
    for (const char c : message) reader.feed({&c, 1});
    CHECK(is_equal(std::move(reader).finish(), whole));
}

TEST_CASE("[P08] what can be read in two ways is found") {
    const std::string parts = "--b\r\n\r\nx\r\n--b--\r\n";
    CHECK(has(multipart(parts, "Content-Type: text/plain\r\n"), DefectKind::duplicate_field));
    CHECK(has(multipart(parts, "MIME-Version: 1.0\r\n"), DefectKind::duplicate_field));
    CHECK(
        has(std::string(version) +
                "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n",
            DefectKind::duplicate_field));
    CHECK(has(std::string(version) +
                  "Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n" + parts,
              DefectKind::duplicate_parameter));
    CHECK(has(std::string(version) + "Content-Type: multipart/mixed; boundary*0=b\r\n\r\n" + parts,
              DefectKind::bad_boundary));
    CHECK(has(std::string(version) + "Content-Type: multipart/mixed; boundary=b x\r\n\r\n" + parts,
              DefectKind::bad_parameters));
    CHECK(has(std::string(version) + "Content-Transfer-Encoding: base64\r\n\r\nZg==Zg==\r\n",
              DefectKind::bad_base64));
    CHECK(has(std::string(version) + "Content-Transfer-Encoding: quoted-printable\r\n\r\n=zz\r\n",
              DefectKind::bad_quoted_printable));
    CHECK(has(multipart("--b\r\nContent-Type: multipart/mixed; "
                        "boundary=bb\r\n\r\n--bb\r\n\r\n--bb--\r\n--b--\r\n"),
              DefectKind::boundary_prefix));
    CHECK(has(multipart(parts + "--b\r\n\r\nagain\r\n--b--\r\n"), DefectKind::boundary_after_end));
    CHECK(has(multipart("--b\r\n\r\nx\r\n--bX\r\n--b--\r\n"), DefectKind::boundary_with_text));
}

TEST_CASE("[J11] broken MIME is found") {
    const std::string parts = "--b\r\n\r\nx\r\n--b--\r\n";
    const std::string v(version);
    CHECK_FALSE(message::read_structure(multipart(parts)).has_mime_version == false);
    CHECK(message::read_structure(multipart(parts)).defects.empty());
    CHECK(has("Content-Type: text/html\r\n\r\nx\r\n", DefectKind::no_mime_version));
    CHECK(has("MIME-Version: 2.0\r\n\r\nx\r\n", DefectKind::bad_mime_version));
    CHECK(has(v + "Content-Type: text\r\n\r\nx\r\n", DefectKind::bad_content_type));
    CHECK(has(v + "Content-Transfer-Encoding: 9bit\r\n\r\nx\r\n", DefectKind::bad_encoding_value));
    CHECK(has(multipart(parts, "Content-Transfer-Encoding: base64\r\n"),
              DefectKind::encoded_composite));
    CHECK(has(v + "Content-Disposition: ;\r\n\r\nx\r\n", DefectKind::bad_disposition));
    CHECK(has(v + "Content-Type: multipart/mixed\r\n\r\n" + parts, DefectKind::no_boundary));
    CHECK(
        has(v + "Content-Type: multipart/mixed; boundary=\"" + std::string(71, 'x') + "\"\r\n\r\n",
            DefectKind::bad_boundary));
    CHECK(has(multipart("x\r\n"), DefectKind::no_parts));
    CHECK(has(multipart("--b\r\n\r\nx\r\n"), DefectKind::unterminated_multipart));
    CHECK(has("\r\n\xff\r\n", DefectKind::eight_bit_in_7bit));
    CHECK(has(v + "Content-Transfer-Encoding: base64\r\n\r\nZg==\xff\r\n",
              DefectKind::eight_bit_in_encoded));
    CHECK(has("\r\n" + std::string(999, 'x') + "\r\n", DefectKind::line_too_long));
    CHECK_FALSE(has("\r\n" + std::string(998, 'x') + "\r\n", DefectKind::line_too_long));
    CHECK(has("\r\na\rb\r\n", DefectKind::bare_cr));
    CHECK(has("\r\na\nb\r\n", DefectKind::bare_lf));
    CHECK(has(std::string("\r\na\0b\r\n", 7), DefectKind::nul));
    CHECK(has("\r\na\r", DefectKind::bare_cr));
    const std::string binary =
        v + "Content-Transfer-Encoding: binary\r\n\r\na\rb\nc" + std::string(1, '\0') + "\xff\r\n";
    CHECK(message::read_structure(binary).defects.empty());
    CHECK(message::read_structure(binary).parts[0].has_binary);
    CHECK(message::read_structure(binary).parts[0].has_eight_bit);
}

TEST_CASE("[P02] ten thousand levels and a million parts are consumed in one pass") {
    std::string deep = std::string(version);
    for (int i = 0; i < 10'000; ++i)
        deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" +
                std::to_string(i) + "\r\n";
    const Structure levels = message::read_structure(deep);
    CHECK(levels.is_too_complex);
    CHECK(levels.octets == deep.size());
    CHECK(levels.parts.size() == message::depth_max + 1);
    CHECK(levels.visited_octets < 3 * deep.size());

    std::string many = multipart("");
    for (int i = 0; i < 1'000'000; ++i) many += "--b\r\n\r\n\r\n";
    const Structure parts = message::read_structure(many);
    CHECK(parts.is_too_complex);
    CHECK(parts.parts.size() == message::parts_max);
    CHECK(parts.visited_octets < 3 * many.size());
    CHECK(parts.defects.size() <= 10 * message::defects_of_kind_max);

    std::string messages;
    for (int i = 0; i < 10'000; ++i) messages += "Content-Type: message/rfc822\r\n\r\n";
    CHECK(message::read_structure(messages).is_too_complex);
}

TEST_CASE("[P01] work grows with the size of a header and no faster") {
    const auto visited = [](std::size_t n) {
        std::string header(version);
        for (std::size_t i = 0; i < n; ++i) header += "To: a@b\r\n";
        return message::read_structure(header + "\r\nbody\r\n").visited_octets;
    };
    CHECK(visited(20'000) <= 2 * visited(10'000) + 100);
    const std::string long_line = "To: " + std::string(10'000'000, 'x') + "\r\n\r\n";
    CHECK(message::read_structure(long_line).visited_octets <
          long_line.size() + 2 * message::header_octets_max);
}
