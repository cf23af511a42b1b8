// The MAIL and RCPT commands of the client, with the parameters that the server offers. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "protocols/smtp/client/capabilities.h"
#include "protocols/smtp/types.h"

namespace pidge::smtp {

// With CR LF. size_octets: of the message, for SIZE.
std::string mail_line(const MailFrom& from, const Capabilities& capabilities,
                      std::uint64_t size_octets);
std::string rcpt_line(const RcptTo& to, const Capabilities& capabilities);

}  // namespace pidge::smtp
