#include "protocols/smtp/wire/data_encoder.h"

#include "base/check.h"
#include "protocols/smtp/wire/scan.h"

namespace pidge::smtp {

void DataEncoder::append(std::string_view octets, std::string& out) {
    constexpr std::string_view canonical = "only canonical CR LF text leaves by DATA";
    std::size_t copied = 0;
    for (std::size_t at = 0; at < octets.size();) {
        if (state_ == State::cr) {
            check(octets[at] == '\n', canonical);
            state_ = State::line_start;
            ++at;
            continue;
        }
        if (state_ == State::line_start && octets[at] == '.') {
            out.append(octets, copied, at - copied);
            out += '.';
            copied = at;
        }
        state_ = State::text;
        at = find_line_octet(octets, at);
        if (at == octets.size()) break;
        check(octets[at] == '\r', canonical);
        state_ = State::cr;
        ++at;
    }
    out.append(octets, copied);
}

void DataEncoder::finish(std::string& out) {
    check(state_ != State::cr, "only canonical CR LF text leaves by DATA");
    out += state_ == State::line_start ? ".\r\n" : "\r\n.\r\n";
    state_ = State::line_start;
}

}  // namespace pidge::smtp
