// A node: one pidge among equals on one store. Its rows in space node:
//
//   'n' ‖ name  → what the node says of itself; written by it alone, with each beat
//   'w' ‖ name  → what administrators wish of it; absent: that it serves
//   'l'         → the level: which formats of records may be written (membership.h)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "system/net/task.h"
#include "system/store/store.h"

namespace pidge::nodes {

// The number is on disk: never change or reuse one.
enum class State : std::uint8_t {
    up = 0,
    draining = 1,  // takes nothing new; what is under way goes on
    drained = 2,   // nothing is under way any more
    down = 3,      // said good-bye, or has been silent too long
};
enum class Wish : std::uint8_t { serve = 0, drain = 1 };

std::string_view state_name(State state);

struct Node {
    std::string name;
    std::string version;              // of the program
    std::string host;                 // the machine's own name for itself
    std::uint32_t format_newest = 1;  // records up to this format can be read
    std::vector<std::string> roles;
    std::vector<std::string> addresses;  // "mx 192.0.2.1:25", "source 192.0.2.25"
    State state = State::up;
    WallTime started, seen;  // by the store's clock
    Bytes boot;              // 16 octets, drawn at each start: tells one run from the next
    std::string process;     // whose row it is (process.h); empty: of an older version

    friend bool operator==(const Node&, const Node&) = default;
};

Bytes record_of(const Node& node);
std::optional<Node> read_node(std::string_view record);  // nullopt: damaged
Bytes node_key(std::string_view name);
Bytes wish_key(std::string_view name);
Bytes wish_record(Wish wish);
std::optional<Wish> read_wish(std::string_view record);

// A node and what is to be made of it now.
struct Seen {
    Node node;
    Wish wish = Wish::serve;
    State state = State::up;  // down where it has been silent too long
};
net::Task<std::vector<Seen>> read_nodes(store::Store& store);

// Who listens reads the nodes again (Change::hint).
inline constexpr std::string_view nodes_subject = "nodes";

}  // namespace pidge::nodes
