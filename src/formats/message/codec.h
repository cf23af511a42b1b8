// The transfer encodings of RFC 2045 §6, both ways, a piece at a time with constant memory. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace pidge::message {

enum class Encoding : std::uint8_t {
    seven_bit,
    eight_bit,
    binary,
    quoted_printable,
    base64,
    unknown
};

std::string_view name_of(Encoding encoding);  // "7bit"; "" for unknown
Encoding encoding_of(std::string_view name);  // in any case; unknown when it is none of the five

// Decodes what it can and keeps going: what is broken is left out (base64) or kept as it stands
// (quoted-printable), and is_broken() tells. Pieces may be cut anywhere.
class Decoder {
 public:
    explicit Decoder(Encoding encoding) : encoding_(encoding) {}

    void feed(std::string_view piece, Bytes& out);
    void finish(Bytes& out);
    // Something that other decoders may read otherwise: characters outside the alphabet, padding
    // that is missing or not at the end, bits that should be zero; "=" before something else than
    // two hexadecimal digits or a line end.
    bool is_broken() const { return is_broken_; }
    bool has_eight_bit() const { return has_eight_bit_; }

 private:
    void feed_base64(char c, Bytes& out);
    void feed_quoted_printable(char c, Bytes& out);
    void end_escape(Bytes& out);

    Encoding encoding_;
    bool is_broken_ = false;
    bool has_eight_bit_ = false;
    std::uint32_t bits_ = 0;  // base64: what is not yet out
    int digits_ = 0;          // base64: digits in bits_
    int pads_ = 0;            // base64
    std::string held_;        // quoted-printable: an escape or white space that is not complete
};

Bytes decoded(std::string_view text, Encoding encoding);

// Writes lines of at most 76 characters ended by CRLF.
class Encoder {
 public:
    // `text`: CRLF in the input is a line end and stays one (quoted-printable only); `binary`: each
    // octet is content.
    enum class Content : std::uint8_t { text, binary };
    Encoder(Encoding encoding, Content content) : encoding_(encoding), content_(content) {}

    void feed(std::string_view piece, Bytes& out);
    void finish(Bytes& out);

 private:
    void feed_base64(std::string_view piece, Bytes& out);
    void put_group(std::string_view group, Bytes& out);
    void feed_quoted_printable(char c, Bytes& out);
    void put_quoted(char c, bool escape, Bytes& out);

    Encoding encoding_;
    Content content_;
    std::string held_;  // base64: octets short of a group; quoted-printable: white space or a CR
    std::size_t column_ = 0;
};

Bytes encoded(std::string_view octets, Encoding encoding, Encoder::Content content);

}  // namespace pidge::message
