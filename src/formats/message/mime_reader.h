// MimeReader: finds the parts of a message while it streams by (RFC 2045, 2046, 2049 §2; nested
// messages too).
//
//   MimeReader reader;
//   while (...) reader.feed(piece);
//   const Structure structure = std::move(reader).finish();
//
// Iterative; each octet is looked at a bounded number of times; memory is the header being read,
// one line and what Structure keeps, all within limits.h. Nothing is refused: what is wrong is
// noted (verdict.h judges). Beyond the limits of depth or number the rest is consumed, and
// is_too_complex says so. Lines end with CRLF. A boundary counts only as a whole line: "--"
// boundary ["--"] *WSP CRLF. Not thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "formats/message/structure.h"

namespace pidge::message {

class MimeReader {
 public:
    // `limits` are those of the message's own header; parts have the common ones.
    explicit MimeReader(HeaderLimits limits = {});
    MimeReader(MimeReader&&) noexcept;
    ~MimeReader();

    void feed(std::string_view piece);
    Structure finish() &&;

 private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

Structure read_structure(std::string_view message);

}  // namespace pidge::message
