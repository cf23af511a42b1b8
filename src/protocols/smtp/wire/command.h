// A command line taken apart: verb, argument, parameters (RFC 5321 §4.1.1, §4.1.2). Pure, linear,
// no copies of the line.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/smtp/wire/verb.h"

namespace pidge::smtp {

struct Command {
    Verb verb = Verb::unknown;
    std::string_view argument;  // after the verb and its space, white space at the end removed
};

// Takes any line without its CR LF. Refuses (501 5.5.4) control characters; nothing else can be
// wrong here.
Result<Command> parse_command(std::string_view line);

// esmtp-param = esmtp-keyword ["=" esmtp-value]
struct Parameter {
    std::string_view keyword;               // in any case: compare with text::iequals
    std::optional<std::string_view> value;  // as it stands there
};

// SP-separated parameters, maybe none. Refuses (501 5.5.4) what is not in the grammar, a keyword
// that comes twice, and more than limits::parameters_max.
Result<std::vector<Parameter>> parse_parameters(std::string_view text);

// A refusal of the argument or a parameter of a command: 501 5.5.4.
Refusal bad_argument(std::string_view text);

}  // namespace pidge::smtp
