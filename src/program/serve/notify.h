// Tells systemd what state the service is in (sd_notify(3)): one datagram to the socket that
// NOTIFY_SOCKET names. Does nothing where there is none; never fails.
#pragma once

#include <string_view>

namespace pidge::program {

// Lines as "READY=1\nSTATUS=…".
void notify(std::string_view state);
// RELOADING=1 with the time that systemd wants with it.
void notify_reloading();

}  // namespace pidge::program
