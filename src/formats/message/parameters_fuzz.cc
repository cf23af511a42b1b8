#include "formats/message/parameters.h"

#include "base/check.h"
#include "base/text.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string_view in(data, size);
    const auto parameters = message::read_parameters(in);
    check(parameters.list.size() <= message::parameters_max);
    for (const auto& parameter : parameters.list)
        check(!parameter.is_extended || text::is_valid_utf8(parameter.value));
    (void)message::read_content_type(in);
    (void)message::read_disposition(in);
    (void)message::read_token_field(in);
    (void)message::read_authserv_id(in);
    // Printable ASCII that we write reads back as itself.
    std::string value;
    for (const char c : in.substr(0, 300))
        if (c >= 32 && c < 127) value += c;
    const auto again = message::read_parameters(message::write_parameter("x", value));
    check(!again.is_broken && !again.has_duplicate && again.value("x") == value);
    return 0;
}
