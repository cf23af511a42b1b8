// What the submission service writes to the log.
#pragma once

#include "base/log.h"

namespace pidge::submission {

inline constexpr log::Event message_accepted{"message-accepted", log::Level::info,
                                             "A message was accepted and is safe on disk.", ""};
inline constexpr log::Event message_refused{"message-refused", log::Level::info,
                                            "A command or message was refused.", ""};
inline constexpr log::Event login_failed{"login-failed", log::Level::info,
                                         "Somebody could not log in.", ""};
inline constexpr log::Event store_fault{
    "store-fault", log::Level::error,
    "The store could not do its work; clients are asked to try again later.",
    "Look at disk space and at the first store error in the log; restart pidge when a write or "
    "sync has failed."};

}  // namespace pidge::submission
