// Command lines and the arguments of MAIL, RCPT and BDAT.
#include <cstdlib>

#include "base/text.h"
#include "protocols/smtp/wire/command.h"
#include "protocols/smtp/wire/envelope.h"

using namespace pidge;
using namespace pidge::smtp;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void require_clean(std::string_view text) {
    for (const char c : text) require(!text::is_control(c));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    const auto command = parse_command(line);
    if (!command) return 0;
    require_clean(command->argument);
    for (const bool smtputf8 : {false, true}) {
        const auto to = parse_rcpt(command->argument, smtputf8);
        if (!to) continue;
        require_clean(to->original_recipient);
        require_clean(to->recipient.text());
        require(to->recipient.domain.empty() == text::iequals(to->recipient.text(), "postmaster") ||
                !to->recipient.domain.empty());
    }
    if (const auto from = parse_mail(command->argument)) {
        require_clean(from->envelope_id);
        require_clean(from->auth);
        if (from->sender) require(!from->sender->domain.empty());
    }
    if (const auto chunk = parse_bdat(command->argument))
        require(command->argument.starts_with(std::to_string(chunk->size_octets)) ||
                command->argument.starts_with('0'));
    return 0;
}
