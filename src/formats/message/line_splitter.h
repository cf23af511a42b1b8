// Cuts a stream into lines without holding more than delimiter_line_octets_max of it. Internal to
// this folder.
#pragma once

#include <string>
#include <string_view>

#include "formats/message/limits.h"

namespace pidge::message {

// A whole line, or a part of one that is longer than the buffer. A CR is never parted from the LF
// that follows it.
struct LinePiece {
    std::string_view text;  // with its CRLF when it ends here
    std::size_t offset = 0;
    bool starts_line = false;
    bool ends_line = false;  // with CRLF
    bool is_last = false;    // the stream ends here without CRLF

    // Without its CRLF. Every CR and LF in it is a bare one.
    std::string_view content() const { return text.substr(0, text.size() - (ends_line ? 2 : 0)); }
    // A line that is here in one piece; whether it is does not depend on how the stream was cut.
    bool is_short_line() const {
        return starts_line && (ends_line || is_last) && text.size() <= delimiter_line_octets_max;
    }
};

class LineSplitter {
 public:
    // `take(LinePiece)` is called for each line and each part of a long one; its text lives for the
    // call only.
    template <typename Take>
    void feed(std::string_view input, Take&& take) {
        while (!input.empty()) {
            const std::size_t found = input.find('\n');
            const std::size_t n = found == input.npos ? input.size() : found + 1;
            const std::string_view piece = input.substr(0, n);
            const bool ends = found != input.npos && is_after_cr(input.substr(0, found));
            input.remove_prefix(n);
            if (held_.size() + n > delimiter_line_octets_max) flush(ends && n == 1, take);
            if (held_.empty() && ends)
                give(piece, ends, take);
            else
                feed_part(piece, ends, take);
        }
    }
    // The last line, when it has no CRLF.
    template <typename Take>
    void finish(Take&& take) {
        if (!held_.empty()) take(LinePiece{held_, offset_, starts_, false, true});
        offset_ += held_.size();
        held_.clear();
    }
    std::size_t offset() const { return offset_; }

 private:
    bool is_after_cr(std::string_view before) const {
        return before.empty() ? held_.ends_with('\r') : before.back() == '\r';
    }
    template <typename Take>
    void give(std::string_view text, bool ends, Take& take) {
        take(LinePiece{text, offset_, starts_, ends});
        offset_ += text.size();
        starts_ = ends;
    }
    template <typename Take>
    void feed_part(std::string_view piece, bool ends, Take& take) {
        if (piece.size() > delimiter_line_octets_max) {
            const std::size_t cr = piece.ends_with('\r') ? 1 : 0;
            give(piece.substr(0, piece.size() - cr), false, take);
            held_.append(cr, '\r');
            return;
        }
        held_ += piece;
        if (!ends) return;
        give(held_, ends, take);
        held_.clear();
    }
    // What is held, but for a CR whose LF comes next.
    template <typename Take>
    void flush(bool keep_cr, Take& take) {
        const std::size_t n = held_.size() - (keep_cr ? 1 : 0);
        if (n > 0) give(std::string_view(held_).substr(0, n), false, take);
        held_.erase(0, n);
    }

    std::string held_;
    std::size_t offset_ = 0;
    bool starts_ = true;
};

}  // namespace pidge::message
