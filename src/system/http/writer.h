// Messages as octets (RFC 9112). Pure. Characters that would end a field early (CR, LF, NUL) become
// spaces: what a user said must not write a second field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "system/http/message.h"

namespace pidge::http {

enum class Keep : std::uint8_t { no, yes };
enum class Length : std::uint8_t {
    known,  // the size of the body
    open,   // until the connection closes
};

// RFC 9110 §6.4.1: answers 1xx, 204 and 304 have none.
bool may_have_body(std::uint16_t status);
// Status line and fields with the empty line; Content-Length, Connection and Date are added.
std::string write_response_header(const Response& response, Keep keep, Length length,
                                  std::string_view date);
// The whole request; Content-Length and, if missing, Host are added.
std::string write_request(const Request& request);

}  // namespace pidge::http
