#include "protocols/smtp/wire/data_decoder.h"

#include <doctest/doctest.h>

#include "protocols/smtp/wire/data_encoder.h"

using namespace pidge::smtp;

namespace {

struct Decoded {
    std::string text;
    std::string rest;  // after the end
    bool is_finished = false;
    LineFault fault = LineFault::none;

    bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view octets, std::size_t piece_octets) {
    DataDecoder decoder;
    Decoded out;
    while (!octets.empty()) {
        std::string_view piece = octets.substr(0, piece_octets);
        octets.remove_prefix(piece.size());
        while (!piece.empty() && !decoder.is_finished()) out.text += decoder.next(piece);
        out.rest += piece;
    }
    out.is_finished = decoder.is_finished();
    out.fault = decoder.fault();
    return out;
}

// The definition, told as plainly as can be: the end is the first CR LF "." CR LF, with the CR LF
// before the dot or the dot at the very beginning.
Decoded reference(std::string_view octets) {
    const std::string whole = "\r\n" + std::string(octets);
    const std::size_t end = whole.find("\r\n.\r\n");
    Decoded out;
    out.is_finished = end != std::string::npos;
    const std::string body = out.is_finished ? whole.substr(2, end) : whole.substr(2);
    if (out.is_finished) out.rest = whole.substr(end + 5);
    for (std::size_t i = 0; i < body.size() && out.fault == LineFault::none; ++i) {
        const bool after_cr = i > 0 && body[i - 1] == '\r',
                   before_lf = i + 1 < body.size() && body[i + 1] == '\n';
        if (body[i] == '\0') out.fault = LineFault::nul;
        if (body[i] == '\n' && !after_cr) out.fault = LineFault::bare_lf;
        if (body[i] == '\r' && !before_lf && i + 1 < body.size()) out.fault = LineFault::bare_cr;
    }
    for (std::size_t i = 0; i < body.size(); ++i) {
        const bool is_line_start = i == 0 || (i > 1 && body[i - 2] == '\r' && body[i - 1] == '\n');
        if (!(is_line_start && body[i] == '.')) out.text += body[i];
    }
    return out;
}

// All strings of at most `length` octets of the alphabet.
template <typename Call>
void for_each_string(std::string_view alphabet, std::size_t length, Call call) {
    std::string text;
    const auto extend = [&](auto& self) -> void {
        call(text);
        if (text.size() == length) return;
        for (const char c : alphabet) {
            text += c;
            self(self);
            text.pop_back();
        }
    };
    extend(extend);
}

}  // namespace

TEST_CASE("dots are unstuffed, only CR LF dot CR LF ends the data") {
    CHECK(decode("a\r\n..b\r\n.c\r\n.\r\nQUIT", SIZE_MAX) ==
          Decoded{.text = "a\r\n.b\r\nc\r\n", .rest = "QUIT", .is_finished = true});
    CHECK(decode(".\r\n", SIZE_MAX) == Decoded{.is_finished = true});
    CHECK_FALSE(decode("a\r\n .\r\n", SIZE_MAX).is_finished);
}

TEST_CASE(
    "[F01] every combination of CR, LF, dot, NUL and text agrees with the definition, however it "
    "is cut") {
    int compared = 0;
    for_each_string(std::string_view("\r\n.a\0", 5), 7, [&compared](const std::string& middle) {
        const std::string octets = "x" + middle;
        const Decoded whole = decode(octets, SIZE_MAX), expected = reference(octets);
        // A CR at the very end may yet be followed by LF, and what a refused message says is of no
        // interest.
        const bool is_equal =
            whole.is_finished == expected.is_finished && whole.rest == expected.rest &&
            whole.fault == expected.fault &&
            (whole.fault != LineFault::none || !whole.is_finished || whole.text == expected.text);
        if (!is_equal || decode(octets, 1) != whole) FAIL("differs: ", octets);
        ++compared;
    });
    CHECK(compared == 97'656);
}

TEST_CASE("[F01] an odd end of data is no end, and is refused at the true one") {
    const std::vector<std::string> odd = {
        "\n.\n",     "\n.\r",     "\r.\n",      "\r.\r",       "\n.\r\n",
        "\r.\r\n",   "\r\n.\n",   "\r\n.\r",    "\r\n.\r\r\n", std::string("\r\n.\0\r\n", 6),
        "\n\n.\r\n", "\r\r.\r\n", "\r\n.\n\r\n"};
    for (const std::string& end : odd) {
        CAPTURE(end);
        const Decoded out =
            decode("text" + end + "MAIL FROM:<x@y>\r\nmore\r\n.\r\nQUIT\r\n", SIZE_MAX);
        CHECK(out.is_finished);
        CHECK(out.rest == "QUIT\r\n");
        CHECK(out.fault != LineFault::none);
    }
    CHECK(decode("a\r\n .\r\nb\r\n.\r\n", SIZE_MAX) ==
          Decoded{.text = "a\r\n .\r\nb\r\n", .is_finished = true});
}

TEST_CASE("[F02] what the encoder makes, the decoder reads back") {
    for_each_string("\n.a", 8, [](const std::string& pattern) {
        std::string text;
        for (const char c : pattern) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
        for (const std::size_t piece : {std::size_t{1}, SIZE_MAX}) {
            DataEncoder encoder;
            std::string wire;
            for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
                encoder.append(std::string_view(text).substr(at, piece), wire);
            encoder.finish(wire);
            const Decoded out = decode(wire, SIZE_MAX);
            const std::string expected =
                text.empty() || text.ends_with("\r\n") ? text : text + "\r\n";
            if (!out.is_finished || !out.rest.empty() || out.fault != LineFault::none ||
                out.text != expected)
                FAIL("differs: ", text);
        }
    });
}

TEST_CASE("line ends are judged alike whole and in pieces") {
    for_each_string(std::string_view("\r\na\0", 4), 6, [](const std::string& text) {
        LineEnds whole, single;
        whole.feed(text);
        for (const char c : text) single.feed({&c, 1});
        whole.finish();
        single.finish();
        bool is_good = true;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\0') is_good = false;
            if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) is_good = false;
            if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) is_good = false;
        }
        if (whole.fault() != single.fault() || (whole.fault() == LineFault::none) != is_good)
            FAIL("differs: ", text);
    });
}
