// The lexical tokens of RFC 5322 §3.2 in a field body: white space, comments, atoms, quoted
// strings. Internal to this folder. Every reader moves forward only, so work is linear; a failed
// one has noted the first error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/address/list.h"

namespace pidge::address {

class Lexer {
 public:
    Lexer(std::string_view body, ObsoleteSet& obsolete) : body_(body), obsolete_(obsolete) {}

    std::size_t offset() const { return at_; }
    bool is_end() const { return at_ >= body_.size(); }
    char peek() const { return is_end() ? '\0' : body_[at_]; }
    bool is_at(char c) const { return !is_end() && body_[at_] == c; }
    bool take(char c);
    void move_to(std::size_t offset) { at_ = offset; }
    std::string_view body() const { return body_; }

    // [CFWS]; true when there was some, false also on an error (see error()).
    bool skip_space();
    // 1*atext; empty when there is none.
    std::string_view read_atom();
    // After the opening quote has been seen. False: unterminated, or a control character in it.
    bool read_quoted(std::string& content);
    // domain-literal, brackets included, white space left out.
    bool read_literal(std::string& literal);

    bool fail(std::string_view text);
    bool is_failed() const { return error_.has_value(); }
    ListError take_error();

    std::string comment;  // content of the last comment skipped

 private:
    bool read_fold();
    bool read_comment();
    bool read_quoted_pair(std::string& content);

    std::string_view body_;
    ObsoleteSet& obsolete_;
    std::size_t at_ = 0;
    std::optional<ListError> error_;
};

}  // namespace pidge::address
