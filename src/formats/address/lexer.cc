#include "formats/address/lexer.h"

#include "formats/address/limits.h"
#include "formats/address/syntax.h"

namespace pidge::address {

bool Lexer::take(char c) {
    if (!is_at(c)) return false;
    ++at_;
    return true;
}

bool Lexer::fail(std::string_view text) {
    if (!error_) error_ = ListError{at_, std::string(text)};
    return false;
}

ListError Lexer::take_error() {
    ListError error = error_.value_or(ListError{at_, "This is no address."});
    error_.reset();
    return error;
}

// FWS = ([*WSP CRLF] 1*WSP) / obs-FWS: a line end counts only before white space.
bool Lexer::read_fold() {
    if (is_at(' ') || is_at('\t')) {
        ++at_;
        return true;
    }
    const std::string_view rest = body_.substr(at_);
    if (rest.starts_with("\r\n ") || rest.starts_with("\r\n\t")) {
        at_ += 3;
        while (is_at(' ') || is_at('\t')) ++at_;
        if (is_at('\r')) obsolete_.add(Obsolete::blank_fold);
        return true;
    }
    return false;
}

bool Lexer::read_quoted_pair(std::string& content) {
    ++at_;
    if (is_end()) return fail("A backslash stands at the end.");
    content += body_[at_++];
    return true;
}

// comment = "(" *([FWS] ccontent) [FWS] ")", nested; the depth is a counter.
bool Lexer::read_comment() {
    std::size_t depth = 0;
    comment.clear();
    for (;;) {
        if (is_end()) return fail("A comment is not closed.");
        if (read_fold()) {
            comment += ' ';
            continue;
        }
        const char c = body_[at_];
        if (c == '\\') {
            if (!read_quoted_pair(comment)) return false;
            if (text::is_control(comment.back())) {
                obsolete_.add(Obsolete::quoted_control);
                comment.back() = ' ';
            }
            continue;
        }
        if (c == '\r' || c == '\n' || c == '\0')
            return fail("A line end or NUL stands in a comment.");
        ++at_;
        if (c == '(') {
            if (++depth > comment_depth_max) return fail("Comments are nested too deep.");
            if (depth == 1) continue;
        } else if (c == ')' && --depth == 0) {
            break;
        }
        if (text::is_control(c)) obsolete_.add(Obsolete::control_in_comment);
        comment += text::is_control(c) ? ' ' : c;
    }
    if (!text::is_valid_utf8(comment)) obsolete_.add(Obsolete::raw_octets);
    return true;
}

bool Lexer::skip_space() {
    const std::size_t start = at_;
    while (!is_end()) {
        if (read_fold()) continue;
        if (!is_at('(')) break;
        if (!read_comment()) return false;
    }
    return at_ > start;
}

std::string_view Lexer::read_atom() {
    const std::size_t start = at_;
    while (!is_end() && is_atext(body_[at_])) ++at_;
    return body_.substr(start, at_ - start);
}

bool Lexer::read_quoted(std::string& content) {
    ++at_;
    for (;;) {
        if (is_end()) return fail("A quoted string is not closed.");
        const char c = body_[at_];
        if (c == '\r') {
            // Unfolding takes away the line end alone (RFC 5322 §2.2.3); the white space is
            // content.
            const std::size_t start = at_;
            if (!read_fold()) return fail("A line end stands in a quoted string.");
            for (const char space : body_.substr(start, at_ - start))
                if (space == ' ' || space == '\t') content += space;
        } else if (c == '\\') {
            if (!read_quoted_pair(content)) return false;
            if (text::is_control(content.back()) && content.back() != '\t')
                return fail("A quoted string holds a control character.");
        } else {
            ++at_;
            if (c == '"') return true;
            if (text::is_control(c) && c != '\t')
                return fail("A quoted string holds a control character.");
            content += c;
        }
    }
}

bool Lexer::read_literal(std::string& literal) {
    literal = "[";
    ++at_;
    for (;;) {
        if (is_end()) return fail("A domain literal is not closed.");
        if (read_fold()) continue;
        const char c = body_[at_];
        if (c == '\\') {
            obsolete_.add(Obsolete::literal_text);
            if (!read_quoted_pair(literal)) return false;
        } else {
            ++at_;
            literal += c;
            if (c == ']') return true;
        }
        if (c == '[' || text::is_control(literal.back()))
            return fail("A domain literal holds a character that it may not.");
    }
}

}  // namespace pidge::address
