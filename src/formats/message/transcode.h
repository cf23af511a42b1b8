// Changes transfer encodings for a hop or a store that cannot take the message as it is (RFC 2045
// §6, RFC 6152 §3, RFC 3030).
//
//   const Structure structure = ...;                     // first pass: MimeReader
//   Transcoding plan = TRY(plan_transcoding(structure, Target::seven_bit));
//   if (!plan.is_needed) ...                             // send it as it is
//   Transcoder transcoder(std::move(plan));
//   transcoder.feed(piece, out); ... transcoder.finish(out);   // second pass over the same octets
//
// What a reader decodes stays the same, octet for octet; labels are corrected; all else is copied.
// Memory is one header.
#pragma once

#include <vector>

#include "base/result.h"
#include "formats/message/structure.h"

namespace pidge::message {

enum class Target : std::uint8_t {
    canonical,  // parts declared binary that need it become base64: what is left has lines ended by
                // CRLF and no NUL
    seven_bit,  // for a hop without 8BITMIME: text becomes quoted-printable, other content base64
};

struct Transcoding {
    enum class Work : std::uint8_t { header, body };
    struct Step {
        Work work{};
        Span span;
        Encoding encoding{};  // that the part gets
        Encoder::Content content{};
        bool adds_mime_version = false;
        // Text without a type: what its octets mean is not known (RFC 1428).
        bool adds_charset = false;
    };
    std::vector<Step> steps;  // in order of their place
    Target target{};
    std::size_t octets = 0;
    bool is_needed = false;
};

// Refused with 5.6.3 (conversion is needed and not possible): a part to be changed lies in a
// multipart/signed; encoded text holds what it may not; a message or multipart that could not be
// taken apart would have to be encoded as a whole (RFC 2045 §6.4); the structure is ambiguous or
// too complex. With 5.6.7: a header is not ASCII (SMTPUTF8), and seven bits are asked for.
Result<Transcoding> plan_transcoding(const Structure& structure, Target target);

class Transcoder {
 public:
    explicit Transcoder(Transcoding plan) : plan_(std::move(plan)) {}

    // Pieces of exactly the message that the structure is of, cut anywhere; appends to `out`.
    void feed(std::string_view piece, Bytes& out);
    void finish(Bytes& out);

 private:
    void begin_step();
    void feed_step(std::string_view piece, Bytes& out);
    void end_step(Bytes& out);
    void copy(std::string_view piece, Bytes& out);

    Transcoding plan_;
    std::size_t next_ = 0;  // step
    std::size_t offset_ = 0;
    Bytes header_;
    std::optional<Encoder> encoder_;
    std::string tail_;  // last two octets of the body
    bool holds_cr_ = false;
};

}  // namespace pidge::message
