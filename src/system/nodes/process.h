// A process of a machine, written down so that another one there can tell whether it still runs: a
// number alone is given away again, and means nothing after a restart of the machine or in another
// container.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pidge::nodes {

// This one: "BOOT-ID PID-NAMESPACE NUMBER START-TIME".
std::string own_process();

enum class Life : std::uint8_t {
    unknown,  // of another machine or container, before a restart, or not to be read
    running,  // stopped (SIGSTOP) counts as running
    gone,
};
Life life_of(std::string_view process);

// Its number, for a person; empty when the text is none of own_process().
std::string_view process_number(std::string_view process);

}  // namespace pidge::nodes
