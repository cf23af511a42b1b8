// The table of options: for each its type, what it means, its default and whether it can change
// while the server runs. The parser (read.h), the sample and the manual (manual.h) and the
// comparison at a reload (compare.h) are driven by it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "program/config/config.h"

namespace pidge::config {

enum class Type : std::uint8_t {
    text,      // free text in one line, printable
    hostname,  // fully qualified domain name
    label,     // letters, digits, "-", "_": names of nodes and listeners
    path,      // of a file or folder; relative to the configuration file
    secret,    // path, or "credential:NAME" for $CREDENTIALS_DIRECTORY/NAME
    flag,
    whole,
    size,      // octets, written "50 MiB"
    duration,  // written "5 d"
    mode,      // permissions, written "0600"
    choice,
    words,      // list of the words in `choices`
    endpoint,   // "192.0.2.1:25"
    endpoints,  // list; the port may be left out
    addresses,  // list of IP addresses
    networks,   // list in CIDR notation
    stubs,      // list of "domain@address:port"
};

enum class Changeable : std::uint8_t { at_reload, at_restart };
enum class Needed : std::uint8_t { optional, required };

// Where the value of an option lies in a Config. A choice is the number of its word in `choices`.
struct Choice {
    std::uint8_t* value;
};
using Slot =
    std::variant<std::string*, bool*, std::uint64_t*, std::chrono::seconds*, Choice,
                 std::optional<net::Endpoint>*, std::vector<net::Endpoint>*,
                 std::vector<net::Address>*, std::vector<net::Network>*, std::vector<std::string>*>;

struct Option {
    std::string_view section;
    std::string_view name;
    Type type;
    std::string_view example;  // as TOML: what is written instead of something wrong
    std::string_view meaning;  // whole sentences
    Changeable changeable;
    Slot (*slot)(Config&, std::size_t index);  // index: of the entry in a repeated section
    Needed needed = Needed::optional;
    std::vector<std::string_view> choices = {};
    std::uint64_t least = 0, most = 0;   // whole, size, duration in seconds; most 0: no bounds
    std::string_view default_note = {};  // in place of the default where that is no plain value
};

struct Section {
    enum class Form : std::uint8_t { single, repeated };
    std::string_view name;
    Form form;
    std::string_view meaning;
    std::size_t (*count)(const Config&) = nullptr;  // repeated: how many entries there are
    void (*add)(Config&, Position) = nullptr;       // repeated: one more
};

std::span<const Section> sections();
std::span<const Option> options();
const Section* find_section(std::string_view name);
const Option* find_option(std::string_view section, std::string_view name);

// A value as it would be written in the file; empty text for one that is not set.
std::string written(const Option& option, const Config& config, std::size_t index = 0);
std::string_view type_text(Type type);  // "a path", for the manual

// A size or duration in its largest whole unit: "50 MiB", "4 h".
std::string size_text(std::uint64_t bytes);
std::string duration_text(std::chrono::seconds duration);

}  // namespace pidge::config
