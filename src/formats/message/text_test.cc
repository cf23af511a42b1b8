// Codecs, parameters and encoded words.
#include <doctest/doctest.h>

#include "base/text.h"
#include "formats/message/codec.h"
#include "formats/message/encoded_word.h"
#include "formats/message/limits.h"
#include "formats/message/parameters.h"

using namespace pidge;
using message::Encoder;
using message::Encoding;

namespace {

struct Decoded {
    std::string text;
    bool is_broken;
};

// Decodes with the pieces cut in every place, which must make no difference.
Decoded decode(std::string_view in, Encoding encoding) {
    message::Decoder whole(encoding);
    Decoded out;
    whole.feed(in, out.text);
    whole.finish(out.text);
    out.is_broken = whole.is_broken();
    for (std::size_t cut = 0; cut <= in.size(); ++cut) {
        message::Decoder pieces(encoding);
        std::string text;
        pieces.feed(in.substr(0, cut), text);
        pieces.feed(in.substr(cut), text);
        pieces.finish(text);
        CHECK(text == out.text);
        CHECK(pieces.is_broken() == out.is_broken);
    }
    return out;
}

std::string good(std::string_view in, Encoding encoding) {
    const Decoded out = decode(in, encoding);
    CHECK_FALSE(out.is_broken);
    return out.text;
}

std::string broken(std::string_view in, Encoding encoding) {
    const Decoded out = decode(in, encoding);
    CHECK_MESSAGE(out.is_broken, in);
    return out.text;
}

std::string parameters_of(std::string_view text) {
    const auto parameters = message::read_parameters(text);
    std::string out;
    for (const auto& parameter : parameters.list)
        out += parameter.name + "=" + parameter.value + "|";
    if (parameters.is_broken) out += "broken";
    if (parameters.has_duplicate) out += "duplicate";
    return out;
}

}  // namespace

TEST_CASE("base64 is decoded, and what two decoders may read differently is broken") {
    CHECK(good("Zm9v\r\nYmFy\r\n", Encoding::base64) == "foobar");
    CHECK(good("Zg==", Encoding::base64) == "f");
    CHECK(good("Zm8=\r\n", Encoding::base64) == "fo");
    CHECK(good("", Encoding::base64) == "");
    CHECK(broken("Zg", Encoding::base64) == "f");
    CHECK(broken("Zg=", Encoding::base64) == "f");
    CHECK(broken("Zg===", Encoding::base64) == "f");
    CHECK(broken("Zh==", Encoding::base64) == "f");
    CHECK(broken("Zg==Zg==", Encoding::base64) == "ff");
    CHECK(broken("Z!m9v", Encoding::base64) == "foo");
    CHECK(broken("Z", Encoding::base64) == "");
    CHECK(broken("====", Encoding::base64) == "");
    CHECK(broken("Zm9v=", Encoding::base64) == "foo");
    CHECK(broken("Zm 9v", Encoding::base64) == "foo");
}

TEST_CASE("quoted-printable is decoded, and what is no escape stays and is broken") {
    CHECK(good("a=3Db=C3=BC=\r\nc \t\r\nd", Encoding::quoted_printable) ==
          "a=b\xc3\xbc"
          "c\r\nd");
    CHECK(good("a=3d", Encoding::quoted_printable) == "a=");
    CHECK(good("a= \t\r\nb", Encoding::quoted_printable) == "ab");
    CHECK(good("a=", Encoding::quoted_printable) == "a");
    CHECK(good("a=\r\n", Encoding::quoted_printable) == "a");
    CHECK(broken("a=4", Encoding::quoted_printable) == "a=4");
    CHECK(broken("a=x1", Encoding::quoted_printable) == "a=x1");
    CHECK(broken("a=4x", Encoding::quoted_printable) == "a=4x");
    CHECK(broken("a==3D", Encoding::quoted_printable) == "a==");
    CHECK(broken("a= b", Encoding::quoted_printable) == "a= b");
    message::Decoder spaces(Encoding::quoted_printable);
    std::string out;
    spaces.feed("=" + std::string(5'000, ' ') + "x" + std::string(5'000, ' ') + "y", out);
    spaces.finish(out);
    CHECK(out == "=" + std::string(5'000, ' ') + "x" + std::string(5'000, ' ') + "y");
}

TEST_CASE(
    "what is encoded decodes to the same octets, in lines of at most 76 characters of ASCII") {
    std::uint32_t state = 5;
    const auto random = [&] { return state = state * 1664525u + 1013904223u, state >> 16; };
    for (int round = 0; round < 400; ++round) {
        std::string octets;
        for (std::uint32_t n = random() % 300; n > 0; --n) {
            const auto kind = random() % 8;
            octets += kind == 0   ? "\r\n"
                      : kind == 1 ? " "
                      : kind == 2 ? "."
                      : kind == 3 ? "From "
                                  : std::string(1, static_cast<char>(random()));
        }
        for (const auto encoding : {Encoding::base64, Encoding::quoted_printable})
            for (const auto content : {Encoder::Content::text, Encoder::Content::binary}) {
                const std::string text = message::encoded(octets, encoding, content);
                CHECK(message::decoded(text, encoding) == octets);
                for (const auto line : text::split(text, '\n')) {
                    CHECK(line.size() <= 77);
                    CHECK_FALSE(line.starts_with('.'));
                    CHECK_FALSE(line.starts_with("From "));
                    CHECK(std::all_of(line.begin(), line.end(), [](char c) {
                        return c == '\r' || c == '\t' || (c >= 32 && c < 127);
                    }));
                }
            }
    }
}

TEST_CASE("parameters are tokens, quoted strings and RFC 2231's pieces") {
    CHECK(parameters_of("; charset=us-ascii (Plain text)") == "charset=us-ascii|");
    CHECK(parameters_of(";\r\n Name = \"a \\\"b;c\\\"\" ;x=y;") == "name=a \"b;c\"|x=y|");
    CHECK(parameters_of("; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/\"") == "url=ftp://cs.utk.edu/|");
    CHECK(parameters_of("; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A") ==
          "title=This is ***fun***|");
    CHECK(parameters_of("; t*1*=%2A%2A; t*0*=us-ascii'en'fun%20; t*2=\"isn't it!\"") ==
          "t=fun **isn't it!|");
    CHECK(parameters_of("; f*=iso-8859-1''gr%fc%df") == "f=gr\xc3\xbc\xc3\x9f|");
    CHECK(parameters_of("; f=a; f*=utf-8''b") == "f=b|");
    CHECK(parameters_of("; f=a; F=b") == "f=a|duplicate");
    CHECK(parameters_of("; f*0=a; f*0=b") == "f=a|duplicate");
    CHECK(parameters_of("; f=a b.txt; g=h") == "f=a b.txt|g=h|broken");
    CHECK(parameters_of("; boundary=a=b:c") == "boundary=a=b:c|broken");
    CHECK(parameters_of("; f*1=a") == "broken");
    CHECK(parameters_of("; f*=a%zz") == "f=a%zz|broken");
    CHECK(parameters_of("; x; f=\"open") == "f=open|broken");
    CHECK(parameters_of("; f*=utf-8''a%0d%0ab") ==
          "f=a\xef\xbf\xbd\xef\xbf\xbd"
          "b|");
    std::string many;
    for (int i = 0; i < 200; ++i) many += "; p" + std::to_string(i) + "=x";
    CHECK(message::read_parameters(many).list.size() == message::parameters_max);
    CHECK(message::read_parameters(many).is_cut);
    CHECK(parameters_of("; a=(" + std::string(100'000, '(')) == "a=|broken");
}

TEST_CASE("content types and dispositions") {
    const auto type = message::read_content_type(" Text / HTML ; charset=\"utf-8\"");
    REQUIRE(type);
    CHECK(type->text() == "text/html");
    CHECK(type->parameters.value("charset") == "utf-8");
    for (const char* bad : {"", "text", "text/", "/plain", "text plain", "; charset=x"})
        CHECK_FALSE(message::read_content_type(bad));
    CHECK(message::read_disposition("ATTACHMENT; filename=x")->type == "attachment");
    CHECK_FALSE(message::read_disposition("; filename=x"));
    CHECK(message::read_token_field(" (produced by) 1.0 ") == "1.0");
    CHECK(message::read_token_field("1.(x)0") == "1.0");
    CHECK_FALSE(message::read_token_field("base64 7bit"));
    CHECK_FALSE(message::read_token_field("base64; x"));
}

TEST_CASE("a written parameter reads back") {
    for (const std::string value : {"a.txt", "", "a b", "say \"x\\\"",
                                    "gr\xc3\xbc\xc3\x9f"
                                    "e.pdf",
                                    "100%'*"}) {
        CHECK(parameters_of(message::write_parameter("filename", value)) ==
              "filename=" + value + "|");
        const std::string longer = value + std::string(200, 'x') + value;
        const std::string text = message::write_parameter("filename", longer);
        CHECK(parameters_of(text) == "filename=" + longer + "|");
        for (const auto line : text::split(text, '\n')) CHECK(line.size() <= message::fold_octets);
    }
}

TEST_CASE("encoded words are decoded where RFC 2047 lets them stand") {
    const auto decode_words = [](std::string_view text) { return message::decode_words(text); };
    CHECK(decode_words("=?US-ASCII?Q?Keith_Moore?= <a@b>") == "Keith Moore <a@b>");
    CHECK(decode_words("=?ISO-8859-1*da?Q?Keld_J=F8rn?=") == "Keld J\xc3\xb8rn");
    CHECK(decode_words("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
                       "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=") ==
          "If you can read this you understand the example.");
    CHECK(decode_words("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)") == "(ab)");
    CHECK(decode_words("(=?ISO-8859-1?Q?a_b?= c)") == "(a b c)");
    CHECK(decode_words("=?utf-8?q?a?=  b =?utf-8?q?c?=") == "a  b c");
    CHECK(decode_words("=?utf-8?b?w7w=?==?utf-8?b?w7w=?=") == "\xc3\xbc\xc3\xbc");
    CHECK(decode_words("=?utf-8?b?4oI=?= =?UTF-8?b?rA==?=") ==
          "\xe2\x82\xac");  // cut in a character
    CHECK(decode_words("a=?utf-8?q?b?=") == "a=?utf-8?q?b?=");
    CHECK(decode_words("=?x?q?b?=") == "=?x?q?b?=");
    CHECK(decode_words("=?utf-8?q?a b?=") == "=?utf-8?q?a b?=");
    CHECK(decode_words("=?utf-8?q?=zz?=") == "=?utf-8?q?=zz?=");
    for (const char* open :
         {"=?", "=?utf-8", "=?utf-8?", "=?utf-8?q", "=?utf-8?q?", "=?utf-8?q?a", "=?utf-8?q?a?"})
        CHECK(decode_words(open) == open);
    CHECK(decode_words("") == "");
}

TEST_CASE("[P05] decoded words are valid UTF-8 without control characters") {
    CHECK(message::decode_words("=?utf-8?q?a=0D=0AB:_c?=") ==
          "a\xef\xbf\xbd\xef\xbf\xbd"
          "B: c");
    CHECK(message::decode_words("=?utf-8?q?=e2=82?=") == "\xef\xbf\xbd");
    CHECK(message::decode_words("\xff"
                                "x") ==
          "\xc3\xbf"
          "x");
    CHECK(message::decode_words("+ADw-script+AD4-") == "+ADw-script+AD4-");
    std::string bomb;
    for (int i = 0; i < 2'000; ++i) bomb += "=?utf-8?q?" + std::string(60, 'x') + "?= ";
    const std::string out = message::decode_words(bomb);
    CHECK(out.starts_with(std::string(message::encoded_word_octets_max, 'x')));
    CHECK(out.contains("=?utf-8?q?x"));
}

TEST_CASE("text that is encoded decodes to itself, in words of at most 75 characters") {
    std::uint32_t state = 9;
    const auto random = [&] { return state = state * 1664525u + 1013904223u, state >> 16; };
    const std::array<std::string, 8> atoms = {
        "a", " ", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x95\x8a", "=?", "word", "_\"("};
    for (int round = 0; round < 1'000; ++round) {
        std::string text = "x";
        for (std::uint32_t n = random() % 60; n > 0; --n) text += atoms[random() % atoms.size()];
        text += "x";
        for (const std::string& coded :
             {message::encode_text(text), message::encode_phrase(text)}) {
            CHECK(
                std::all_of(coded.begin(), coded.end(), [](char c) { return c >= 32 && c < 127; }));
            if (!coded.starts_with('"')) CHECK(message::decode_words(coded) == text);
            for (const auto word : text::split(coded, ' '))
                if (word.starts_with("=?")) CHECK(word.size() <= 75);
        }
    }
    CHECK(message::encode_text("Plain text") == "Plain text");
    CHECK(message::encode_text("Re: gr\xc3\xbc\xc3\x9f"
                               "e an alle") == "Re: =?utf-8?q?gr=C3=BC=C3=9Fe?= an alle");
    CHECK(message::encode_text("a\r\nBcc: x") == "aBcc: x");
}
