#include "protocols/smtp/wire/line_ends.h"

#include "protocols/smtp/wire/scan.h"

namespace pidge::smtp {

Refusal refusal_of(LineFault fault) {
    Refusal refusal{.kind = Refusal::Kind::syntax, .status = {5, 5, 2}, .reply_code = 550};
    switch (fault) {
        case LineFault::bare_cr:
            refusal.text = "The message has a CR without LF; lines must end with CR LF";
            break;
        case LineFault::bare_lf:
            refusal.text = "The message has an LF without CR; lines must end with CR LF";
            break;
        default:
            refusal.text = "The message has a NUL octet";
            break;
    }
    return refusal;
}

void LineEnds::feed(std::string_view octets) {
    if (octets.empty()) return;
    if (fault_ != LineFault::none) return;
    std::size_t at = 0;
    if (after_cr_) {
        after_cr_ = false;
        if (octets[0] != '\n') {
            fault_ = LineFault::bare_cr;
            return;
        }
        at = 1;
    }
    for (;;) {
        at = find_line_octet(octets, at);
        if (at == octets.size()) break;
        if (octets[at] != '\r') {
            fault_ = octets[at] == '\n' ? LineFault::bare_lf : LineFault::nul;
            return;
        }
        if (at + 1 == octets.size()) {
            after_cr_ = true;
            break;
        }
        if (octets[at + 1] != '\n') {
            fault_ = LineFault::bare_cr;
            return;
        }
        at += 2;
    }
    at_line_start_ = octets.back() == '\n';
}

void LineEnds::finish() {
    if (after_cr_ && fault_ == LineFault::none) fault_ = LineFault::bare_cr;
    after_cr_ = false;
}

}  // namespace pidge::smtp
