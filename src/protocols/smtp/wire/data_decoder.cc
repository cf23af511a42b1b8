#include "protocols/smtp/wire/data_decoder.h"

#include "base/check.h"
#include "protocols/smtp/wire/scan.h"

namespace pidge::smtp {

// From within a line, or after a CR in it, to the start of a line or the end of `in`. A bare LF or
// CR starts no line.
std::size_t DataDecoder::skip_text(std::string_view in, std::size_t at) {
    while (at < in.size()) {
        if (state_ == State::cr) {
            if (in[at] == '\n') {
                state_ = State::line_start;
                return at + 1;
            }
            note(LineFault::bare_cr);
            state_ = State::text;
        }
        at = find_line_octet(in, at);
        if (at == in.size()) return at;
        const char octet = in[at++];
        if (octet == '\r')
            state_ = State::cr;
        else
            note(octet == '\n' ? LineFault::bare_lf : LineFault::nul);
    }
    return at;
}

std::string_view DataDecoder::next(std::string_view& in) {
    check(!in.empty() && !is_finished(), "next() without octets or after the end");
    std::size_t at = 0;
    // What follows a dot at the start of a line. The dot itself has been taken and is no text.
    if (state_ == State::dot_cr) {
        if (in[0] == '\n') {
            state_ = State::finished;
            in.remove_prefix(1);
            return {};
        }
        state_ = State::cr;  // the CR was bare, which skip_text notes
    } else if (state_ == State::dot) {
        state_ = State::text;
        if (in[0] == '\r') {
            state_ = State::dot_cr;
            in.remove_prefix(1);
            return {};
        }
    }
    while (at < in.size()) {
        if (state_ == State::line_start) {
            if (in[at] == '.') {
                state_ = State::dot;
                break;
            }
            state_ = State::text;
        }
        at = skip_text(in, at);
    }
    const std::string_view text = in.substr(0, at);
    in.remove_prefix(state_ == State::dot ? at + 1 : at);
    return text;
}

}  // namespace pidge::smtp
