#include "formats/message/encoded_word.h"

#include "base/text.h"
#include "formats/address/list.h"
#include "formats/message/codec.h"
#include "formats/message/header.h"
#include "formats/unicode/charset.h"

namespace pidge::message {

namespace {

constexpr std::size_t word_octets_max = 75;     // RFC 2047 §2: what we write
constexpr std::size_t charset_octets_max = 80;  // with its language

struct Word {
    std::string_view charset;
    std::string octets;
    std::size_t length = 0;  // octets of the text that it takes
};

// "Q": RFC 2047 §4.2. nullopt when "=" stands before something else than two digits.
std::optional<std::string> decode_q(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '=') {
            const auto octet = text::from_hex(text.substr(i + 1, 2));
            if (!octet || octet->size() != 1) return std::nullopt;
            out += *octet;
            i += 2;
        } else {
            out += text[i] == '_' ? ' ' : text[i];
        }
    }
    return out;
}

// encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="
std::optional<Word> read_word(std::string_view in) {
    if (!in.starts_with("=?")) return std::nullopt;
    const auto charset_end = in.substr(0, charset_octets_max).find('?', 2);
    if (charset_end == in.npos || charset_end == 2 || charset_end + 2 >= in.size())
        return std::nullopt;
    const char encoding = text::lower(in[charset_end + 1]);
    if ((encoding != 'b' && encoding != 'q') || in[charset_end + 2] != '?') return std::nullopt;
    const std::size_t start = charset_end + 3;
    std::size_t end = start;
    while (end < in.size() && in[end] > 32 && in[end] < 127 && in[end] != '?') ++end;
    if (!in.substr(end).starts_with("?=")) return std::nullopt;
    const std::string_view coded = in.substr(start, end - start);
    Word word;
    word.charset = in.substr(2, charset_end - 2);
    word.charset = word.charset.substr(0, word.charset.find('*'));
    word.length = end + 2;
    if (encoding == 'q') {
        auto octets = decode_q(coded);
        if (!octets) return std::nullopt;
        word.octets = *std::move(octets);
    } else {
        Decoder decoder(Encoding::base64);
        decoder.feed(coded, word.octets);
        decoder.finish(word.octets);
        if (word.octets.empty() && !coded.empty()) return std::nullopt;
    }
    return word;
}

constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string shown(std::string_view octets, std::string_view charset) {
    return unicode::without_controls(unicode::to_utf8_for_display(octets, charset));
}

// Octets of the UTF-8 sequence that begins with `lead`.
std::size_t sequence_octets(char lead) {
    const auto c = static_cast<unsigned char>(lead);
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

std::string q_encoded(std::string_view octets) {
    std::string out;
    for (const char c : octets) {
        // RFC 2047 §5 (3): the characters that may stand in a phrase, which are fit for every
        // place.
        if (text::is_alpha(c) || text::is_digit(c) || std::string_view("!*+-/").contains(c))
            out += c;
        else if (c == ' ')
            out += '_';
        else
            out += "=" + text::to_upper(text::hex({&c, 1}));
    }
    return out;
}

// All of `utf8` as encoded words, cut between characters (RFC 2047 §5).
std::string as_words(std::string_view utf8) {
    // "Q" can be read without decoding, so "B" must be much shorter to be taken.
    const bool use_base64 = q_encoded(utf8).size() > utf8.size() * 2 + 2;
    const std::string head = use_base64 ? "=?utf-8?b?" : "=?utf-8?q?";
    const std::size_t room = word_octets_max - head.size() - 2;
    const auto coded = [&](std::string_view piece) {
        return use_base64 ? text::base64(piece) : q_encoded(piece);
    };
    std::string out;
    std::size_t start = 0;
    std::size_t cost = 0;
    for (std::size_t at = 0; at < utf8.size();) {
        const std::size_t next = std::min(at + sequence_octets(utf8[at]), utf8.size());
        const std::size_t more = use_base64 ? (next - start + 2) / 3 * 4
                                            : cost + q_encoded(utf8.substr(at, next - at)).size();
        if (more > room) {
            out += head + coded(utf8.substr(start, at - start)) + "?= ";
            start = at;
            cost = 0;
            continue;
        }
        cost = more;
        at = next;
    }
    return out + head + coded(utf8.substr(start)) + "?=";
}

std::string clean(std::string_view utf8) {
    std::string out = unicode::repaired_utf8(utf8);
    std::erase_if(out, text::is_control);
    return out;
}

bool needs_words(std::string_view clean_text) {
    return clean_text.contains("=?") ||
           std::any_of(clean_text.begin(), clean_text.end(),
                       [](char c) { return static_cast<unsigned char>(c) > 127; });
}

}  // namespace

std::string decode_words(std::string_view text) {
    const std::string line = unfold(text);
    std::string out;
    std::string pending;  // octets of words in `charset`, not yet converted: a character may be cut
    std::string charset;
    bool after_word = false;
    std::size_t decoded_octets = 0;
    const auto flush = [&] {
        out += shown(pending, charset);
        pending.clear();
    };
    for (std::size_t at = 0; at < line.size();) {
        std::size_t start = at;
        while (start < line.size() && is_space(line[start])) ++start;
        std::size_t end = start;
        // A word begins after white space, or at once after another word, and ends before white
        // space or another word.
        std::optional<Word> word;
        if (decoded_octets < encoded_word_octets_max)
            word = read_word(std::string_view(line).substr(start));
        if (word) {
            end = start + word->length;
            const bool ends_well = end == line.size() || is_space(line[end]) ||
                                   line.compare(end, 2, "=?") == 0 || line[end] == ')' ||
                                   line[end] == ',';
            if (!ends_well || !unicode::to_utf8("", word->charset)) word.reset();
        }
        if (word) {
            const bool same = after_word && text::iequals(charset, word->charset);
            if (!same) flush();
            if (!after_word) out += shown(std::string_view(line).substr(at, start - at), "");
            charset = word->charset;
            pending += word->octets;
            decoded_octets += word->octets.size();
            after_word = true;
            at = end;
            continue;
        }
        flush();
        after_word = false;
        end = start;
        // "(" opens a comment, in which a word may follow without white space.
        while (end < line.size() && !is_space(line[end]))
            if (line[end++] == '(') break;
        out += shown(std::string_view(line).substr(at, end - at), "");
        at = end;
    }
    flush();
    return out;
}

std::string encode_text(std::string_view utf8) {
    const std::string text = clean(utf8);
    if (!needs_words(text)) return text;
    // Words of plain ASCII at both ends stay readable; all between the first and the last that
    // needs it is encoded.
    const auto is_plain = [](std::string_view word) { return !needs_words(word); };
    std::size_t start = 0;
    for (std::size_t space = text.find(' ');
         space != text.npos && is_plain(std::string_view(text).substr(start, space - start));
         space = text.find(' ', start))
        start = space + 1;
    std::size_t end = text.size();
    for (std::size_t space = text.rfind(' ');
         space != text.npos && space > start &&
         is_plain(std::string_view(text).substr(space, end - space));
         space = text.rfind(' ', end - 1))
        end = space;
    return text.substr(0, start) + as_words(std::string_view(text).substr(start, end - start)) +
           text.substr(end);
}

std::string encode_phrase(std::string_view utf8) {
    const std::string text = clean(utf8);
    return needs_words(text) ? as_words(text) : address::quoted_phrase(text);
}

}  // namespace pidge::message
