// Document: a TOML file as a tree of plain nodes that know where they stand. The only place that
// includes toml++; what the nodes mean is decided elsewhere (read.h).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "program/config/mistake.h"

namespace pidge::config {

struct Node {
    enum class Kind : std::uint8_t { text, whole, real, flag, time, list, table };
    Kind kind = Kind::table;
    Position at;      // of the value; of a table its header
    Position key_at;  // of its key
    std::string key;  // of a member
    std::string text;
    std::int64_t whole = 0;
    bool flag = false;
    std::vector<Node> items;    // list
    std::vector<Node> members;  // table, in the order of the file

    const Node* find(std::string_view key) const;  // null: not there
};
std::string_view kind_name(Node::Kind kind);  // "text", "a list"

// TOML 1.0. A text that is no TOML has one mistake, with a word on how it is usually meant. Nodes
// nested deeper than anything of ours are left empty.
std::expected<Node, Mistake> read_document(std::string_view text, const std::string& file);

}  // namespace pidge::config
