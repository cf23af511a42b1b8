// Fields with parameters (RFC 2045 §5.1, RFC 2183, RFC 2231): "value; name=value;
// name*0*=utf-8'en'%c3%bc". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/message/defect.h"

namespace pidge::message {

struct Parameter {
    std::string name;   // lower case, without RFC 2231's marks
    std::string value;  // continued pieces joined, percent signs and charset decoded: UTF-8 then;
                        // else as written
    bool is_extended = false;  // written with a charset or in pieces
};

struct Parameters {
    std::vector<Parameter> list;
    bool is_broken = false;  // could not be read in one way only; `list` is the best reading
    bool has_duplicate = false;
    bool is_cut = false;  // more than parameters_max

    const Parameter* find(std::string_view name) const;
    std::string_view value(std::string_view name) const;  // empty when there is none
};

// Parameters from the first semicolon on: *( ";" parameter ), with comments and white space
// anywhere. The body may be folded.
Parameters read_parameters(std::string_view text);

// Content-Type: type "/" subtype *( ";" parameter ).
struct ContentType {
    std::string type = "text";      // lower case
    std::string subtype = "plain";  // lower case
    Parameters parameters;

    bool is(std::string_view type_name, std::string_view subtype_name) const {
        return type == type_name && subtype == subtype_name;
    }
    std::string text() const { return type + "/" + subtype; }
};
// nullopt: it cannot be read, and then means text/plain as US-ASCII (RFC 2045 §5.2).
std::optional<ContentType> read_content_type(std::string_view body);

// Content-Disposition (RFC 2183): "inline" or "attachment"; others mean attachment (§2.8).
struct Disposition {
    std::string type;  // lower case
    Parameters parameters;
};
std::optional<Disposition> read_disposition(std::string_view body);

// The one token that a field such as Content-Transfer-Encoding or MIME-Version holds, comments left
// out: "1.0", "base64".
std::optional<std::string> read_token_field(std::string_view body);

// The authserv-id of an Authentication-Results field, comments and quotes left out (RFC 8601 §2.2);
// empty where there is none. nullopt: comments or quotes do not end, so that readers will differ
// about it.
std::optional<std::string> read_authserv_id(std::string_view body);

// For what we write: `; name=value`, quoted or by RFC 2231 where that is needed, folded before each
// piece.
std::string write_parameter(std::string_view name, std::string_view utf8);

}  // namespace pidge::message
