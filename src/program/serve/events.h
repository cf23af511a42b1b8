// What serving writes to the log besides the assembly (program/assembly/events.h).
#pragma once

#include "base/log.h"

namespace pidge::program::events {

inline constexpr log::Event starting{"starting", log::Level::info, "The program starts.", ""};
inline constexpr log::Event ready{"ready", log::Level::info,
                                  "Everything runs: mail is taken and delivered.", ""};
inline constexpr log::Event start_refused{"start-refused", log::Level::error,
                                          "The program cannot start.",
                                          "See reason; pidge check tells more."};
inline constexpr log::Event reload_refused{
    "reload-refused", log::Level::error,
    "The configuration was not reloaded; everything stays as it was.",
    "Mend what is named, try pidge check, and reload again."};
inline constexpr log::Event reload_mistake{
    "reload-mistake", log::Level::error, "A mistake in the configuration that was to be reloaded.",
    "Write what is proposed."};
inline constexpr log::Event option_changed{"option-changed", log::Level::info,
                                           "A reload changed an option.", ""};
inline constexpr log::Event restart_needed{
    "restart-needed", log::Level::warning,
    "An option was changed in the file that cannot change while running.",
    "Restart the service when it suits."};
inline constexpr log::Event reloaded{"reloaded", log::Level::info,
                                     "The configuration was reloaded.", ""};
inline constexpr log::Event store_failed{
    "store-failed", log::Level::error,
    "The store has failed for good; clients are put off, then the program ends.",
    "Look at the disk. systemd starts the program again, which recovers from the log."};

}  // namespace pidge::program::events
