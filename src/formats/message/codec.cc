#include "formats/message/codec.h"

#include "base/check.h"
#include "base/text.h"

namespace pidge::message {

namespace {

constexpr std::size_t encoded_line_max = 76;  // RFC 2045 §6.7 (5), §6.8
// Trailing white space of a line is not content (§6.7 (3)), so it is held back; more than this is
// content after all.
constexpr std::size_t held_space_max = 1'000;
constexpr std::string_view hex_digits = "0123456789ABCDEF";

constexpr std::array<std::string_view, 5> names = {"7bit", "8bit", "binary", "quoted-printable",
                                                   "base64"};

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (text::is_digit(c)) return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int hex_value(char c) {
    if (text::is_digit(c)) return c - '0';
    if (text::lower(c) >= 'a' && text::lower(c) <= 'f') return text::lower(c) - 'a' + 10;
    return -1;
}

constexpr bool is_space(char c) {
    return c == ' ' || c == '\t';
}

}  // namespace

std::string_view name_of(Encoding encoding) {
    return encoding == Encoding::unknown ? "" : names[static_cast<std::size_t>(encoding)];
}

Encoding encoding_of(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (text::iequals(names[i], name)) return static_cast<Encoding>(i);
    return Encoding::unknown;
}

void Decoder::feed(std::string_view piece, Bytes& out) {
    switch (encoding_) {
        case Encoding::base64:
            for (const char c : piece) feed_base64(c, out);
            return;
        case Encoding::quoted_printable:
            for (const char c : piece) feed_quoted_printable(c, out);
            return;
        default:
            out += piece;
    }
}

void Decoder::feed_base64(char c, Bytes& out) {
    if (c == '\r' || c == '\n') return;
    if (static_cast<unsigned char>(c) > 127) has_eight_bit_ = true;
    if (c == '=') {
        // The pads complete a group of two or three digits, and the bits that they cut off are
        // zero.
        ++pads_;
        is_broken_ |= pads_ == 1 && digits_ < 2;
        is_broken_ |= pads_ > 4 - digits_;
        is_broken_ |= pads_ == 1 && (bits_ & (digits_ == 2 ? 0xfu : digits_ == 3 ? 0x3u : 0u)) != 0;
        return;
    }
    const int value = base64_value(c);
    if (value < 0) {
        is_broken_ = true;
        return;
    }
    if (pads_ > 0) {
        // Text after the padding: some stop here, some go on. We go on with a new group and say so.
        is_broken_ = true;
        finish(out);
    }
    bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
    if (++digits_ < 4) return;
    out += static_cast<char>(bits_ >> 16);
    out += static_cast<char>(bits_ >> 8);
    out += static_cast<char>(bits_);
    bits_ = 0;
    digits_ = 0;
}

// held_ is white space, or "=" with what followed it so far.
void Decoder::feed_quoted_printable(char c, Bytes& out) {
    if (static_cast<unsigned char>(c) > 127) has_eight_bit_ = true;
    if (held_.starts_with('=')) {
        held_ += c;
        end_escape(out);
        return;
    }
    if (c == '=') {
        out += held_;
        held_ = "=";
    } else if (is_space(c)) {
        if (held_.size() == held_space_max) {
            out += held_;
            held_.clear();
            is_broken_ = true;
        }
        held_ += c;
    } else {
        if (c != '\r' && c != '\n') out += held_;
        held_.clear();
        out += c;
    }
}

// After "=" and at least one more character: "=" 2HEXDIG, or "=" *WSP CRLF (a soft line end), or
// broken.
void Decoder::end_escape(Bytes& out) {
    const char last = held_.back();
    const std::string_view rest = std::string_view(held_).substr(1);
    const bool only_space = rest.find_first_not_of(" \t\r") == rest.npos;
    if (last == '\n' && rest.find_first_not_of(" \t\r\n") == rest.npos) {
        held_.clear();
        return;
    }
    if (rest.size() == 1 && (only_space || hex_value(rest[0]) >= 0)) return;
    if (rest.size() == 2 && hex_value(rest[0]) >= 0 && hex_value(rest[1]) >= 0) {
        out += static_cast<char>(hex_value(rest[0]) * 16 + hex_value(rest[1]));
        held_.clear();
        return;
    }
    const bool after_cr = rest.size() > 1 && rest[rest.size() - 2] == '\r';
    if (only_space && !after_cr && held_.size() < held_space_max) return;
    // Not an escape: all of it but the last character stands for itself; that one may begin
    // something new.
    is_broken_ = true;
    const std::string text = std::move(held_);
    held_.clear();
    out += std::string_view(text).substr(0, text.size() - 1);
    feed_quoted_printable(last, out);
}

void Decoder::finish(Bytes& out) {
    if (encoding_ == Encoding::base64) {
        is_broken_ |= digits_ == 1 || (digits_ > 1 && pads_ != 4 - digits_);
        bits_ <<= 6 * (4 - digits_);
        if (digits_ >= 2) out += static_cast<char>(bits_ >> 16);
        if (digits_ == 3) out += static_cast<char>(bits_ >> 8);
        bits_ = 0;
        digits_ = pads_ = 0;
    } else if (held_.starts_with('=')) {
        // A soft line end may be the very last thing: the line end after it belongs to the
        // boundary.
        if (held_.find_first_not_of(" \t\r", 1) != held_.npos) {
            is_broken_ = true;
            out += held_;
        }
    }
    held_.clear();
}

Bytes decoded(std::string_view text, Encoding encoding) {
    Decoder decoder(encoding);
    Bytes out;
    decoder.feed(text, out);
    decoder.finish(out);
    return out;
}

void Encoder::feed(std::string_view piece, Bytes& out) {
    switch (encoding_) {
        case Encoding::base64:
            return feed_base64(piece, out);
        case Encoding::quoted_printable:
            for (const char c : piece) feed_quoted_printable(c, out);
            return;
        default:
            out += piece;
    }
}

void Encoder::feed_base64(std::string_view piece, Bytes& out) {
    while (!piece.empty()) {
        const std::size_t n = std::min(3 - held_.size(), piece.size());
        held_ += piece.substr(0, n);
        piece.remove_prefix(n);
        if (held_.size() < 3) return;
        put_group(held_, out);
        held_.clear();
    }
}

void Encoder::put_group(std::string_view group, Bytes& out) {
    if (column_ == encoded_line_max) {
        out += "\r\n";
        column_ = 0;
    }
    out += text::base64(group);
    column_ += 4;
}

void Encoder::feed_quoted_printable(char c, Bytes& out) {
    if (content_ == Content::text && held_.ends_with('\r')) {
        const std::string before = std::move(held_);
        held_.clear();
        if (c == '\n') {
            // White space at the end of a line would be lost (RFC 2045 §6.7 (3)).
            if (before.size() == 2) put_quoted(before[0], true, out);
            out += "\r\n";
            column_ = 0;
            return;
        }
        if (before.size() == 2) put_quoted(before[0], false, out);
        put_quoted('\r', true, out);
    }
    if (content_ == Content::text && c == '\r') {
        held_ += c;  // after white space, which may be there already
        return;
    }
    if (!held_.empty()) {
        const char space = held_[0];
        held_.clear();
        put_quoted(space, false, out);
    }
    if (is_space(c))
        held_ = c;
    else
        put_quoted(c, c == '=' || c < 33 || c > 126, out);
}

void Encoder::put_quoted(char c, bool escape, Bytes& out) {
    // A line must not turn into a boundary; a dot and "From " are not safe from every gateway
    // (RFC 2049 §3).
    escape |= column_ == 0 && (c == '.' || c == 'F' || c == '-');
    const std::size_t width = escape ? 3 : 1;
    if (column_ + width > encoded_line_max - 1) {
        out += "=\r\n";
        column_ = 0;
        escape |= c == '.' || c == 'F' || c == '-';
    }
    if (escape) {
        out += '=';
        out += hex_digits[static_cast<unsigned char>(c) >> 4];
        out += hex_digits[static_cast<unsigned char>(c) & 15];
    } else {
        out += c;
    }
    column_ += escape ? 3 : 1;
}

void Encoder::finish(Bytes& out) {
    if (encoding_ == Encoding::base64) {
        if (!held_.empty()) put_group(held_, out);
        if (column_ > 0) out += "\r\n";
    } else if (encoding_ == Encoding::quoted_printable) {
        for (const char c : held_) put_quoted(c, true, out);
    }
    held_.clear();
    column_ = 0;
}

Bytes encoded(std::string_view octets, Encoding encoding, Encoder::Content content) {
    Encoder encoder(encoding, content);
    Bytes out;
    encoder.feed(octets, out);
    encoder.finish(out);
    return out;
}

}  // namespace pidge::message
