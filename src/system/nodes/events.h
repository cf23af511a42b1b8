// What membership writes to the log.
#pragma once

#include "base/log.h"

namespace pidge::nodes::events {

inline constexpr log::Event joined{"node-joined", log::Level::info,
                                   "This node has joined the others on the store.", ""};
inline constexpr log::Event doubtful{
    "node-name-doubtful", log::Level::info,
    "An earlier run on this machine did not say good-bye, and it cannot be told whether it has "
    "ended: its row is watched for at most 15 seconds.",
    ""};
inline constexpr log::Event silent{
    "node-beat-failed", log::Level::warning,
    "The row of this node could not be renewed; after 15 seconds the others take it for down.",
    "Look at the store: every node needs it. Mail is put off meanwhile and goes on by itself."};
inline constexpr log::Event heard{"node-beat-again", log::Level::info,
                                  "The row of this node is renewed again.", ""};
inline constexpr log::Event expelled{
    "node-expelled", log::Level::error, "This node must not go on; the program ends.",
    "See reason: two nodes with one name, or a program that is too old for the store."};
inline constexpr log::Event level_raised{
    "format-level-raised", log::Level::info,
    "All nodes can read the next format of records, which is written from now on.",
    "Programs that cannot read it do not start on this store any more."};
inline constexpr log::Event forgotten{"node-forgotten", log::Level::info,
                                      "A node that has been down for a month was forgotten.", ""};

}  // namespace pidge::nodes::events
