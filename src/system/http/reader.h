// Reader: takes one HTTP/1.x message (RFC 9112) off a string of octets, without I/O. Beast's parser
// does the work; this adds the limits and what keeps two readers of one connection from disagreeing
// about where a message ends ("smuggling").
//
// Refusals are Refusal values whose reply_code is the HTTP status to answer with: 400, 413, 431,
// 501, 505. After one the connection must be closed, for nobody knows where the next message
// begins.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "system/http/limits.h"
#include "system/http/message.h"

namespace pidge::http {

class Reader {
 public:
    enum class Kind : std::uint8_t {
        request,
        response,
        response_to_head,  // has no body whatever its fields say (RFC 9112 §6.3)
    };
    enum class Progress : std::uint8_t {
        header_missing,  // wants more octets
        header_read,     // told once, before any of the body is taken: the fields are there
        body_missing,    // wants more octets
        complete,
    };

    Reader(Kind kind, const Limits& limits);
    ~Reader();
    Reader(const Reader&) = delete;

    // Takes from the front of `input` what belongs to this message, and leaves what follows it.
    // Call it again after header_read with the same input, and after the others with more.
    Result<Progress> take(std::string& input);
    // The peer has closed: ends a response that has no length of its own.
    Result<Progress> end();

    // From header_read on.
    const std::string& method() const;
    const std::string& target() const;
    std::uint16_t status() const;
    int version() const;  // 10 or 11
    const Fields& fields() const;
    bool keeps_connection() const;  // as far as the peer is concerned
    // When complete.
    Bytes release_body();
    std::size_t body_octets() const;  // taken so far

 private:
    class Parser;
    template <bool is_request>
    class ParserOf;
    Result<> judge_header() const;
    Result<> take_header(std::string& input);
    Result<> take_body(std::string& input);

    Kind kind_;
    Limits limits_;
    std::unique_ptr<Parser> parser_;
    std::string header_;  // its octets as they came, until it is complete
    bool header_told_ = false;
};

}  // namespace pidge::http
