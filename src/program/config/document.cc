#include "program/config/document.h"

#include <algorithm>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/text.h"

namespace pidge::config {
namespace {

// listener → entry → balancers → text is the deepest there is.
constexpr int depth_max = 6;

Position position_of(const toml::source_region& region) {
    return {region.begin.line, region.begin.column};
}

Node node_of(const toml::node& from, int depth);

void add_members(Node& node, const toml::table& from, int depth) {
    for (const auto& [key, value] : from) {
        Node member = node_of(value, depth + 1);
        member.key_at = position_of(key.source());
        member.key = key.str();
        node.members.push_back(std::move(member));
    }
    std::ranges::sort(node.members, {}, &Node::key_at);
}

// Depth is bounded here, and by the parser itself before.
Node node_of(const toml::node& from, int depth) {
    Node node;
    node.at = position_of(from.source());
    if (const auto* text = from.as_string()) {
        node.kind = Node::Kind::text;
        node.text = text->get();
    } else if (const auto* whole = from.as_integer()) {
        node.kind = Node::Kind::whole;
        node.whole = whole->get();
    } else if (from.is_floating_point()) {
        node.kind = Node::Kind::real;
    } else if (const auto* flag = from.as_boolean()) {
        node.kind = Node::Kind::flag;
        node.flag = flag->get();
    } else if (const auto* list = from.as_array()) {
        node.kind = Node::Kind::list;
        if (depth < depth_max)
            for (const auto& item : *list) node.items.push_back(node_of(item, depth + 1));
    } else if (const auto* table = from.as_table()) {
        if (depth < depth_max) add_members(node, *table, depth);
    } else {
        node.kind = Node::Kind::time;
    }
    return node;
}

std::string_view line_of(std::string_view text, std::size_t number) {
    for (; number > 1; --number) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text::trim(text.substr(0, text.find('\n')));
}

bool is_bare_key(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char c) {
        return text::is_alpha(c) || text::is_digit(c) || c == '_' || c == '-' || c == '.';
    });
}

// What people mean who write a line that is no TOML.
std::string advice_for(std::string_view line) {
    for (const std::string_view quote : {"“", "”", "„", "‘", "’"})
        if (line.find(quote) != std::string_view::npos)
            return "Write straight quotes (\") in place of " + std::string(quote) + ".";
    const std::size_t sign = line.find('=');
    if (sign == std::string_view::npos) {
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && is_bare_key(text::trim(line.substr(0, colon))))
            return fmt::format("A key and its value have \"=\" between them: write {} = {}",
                               text::trim(line.substr(0, colon)),
                               text::trim(line.substr(colon + 1)));
        if (line.starts_with('[') && !line.ends_with(']'))
            return "A section ends with \"]\": write for example [site] or [[listener]].";
        return "Each line is a section, as [site], or a key and its value, as node = \"n1\"; what "
               "follows # is a comment.";
    }
    const std::string_view key = text::trim(line.substr(0, sign));
    const std::string_view value = text::trim(line.substr(sign + 1));
    if (value.empty())
        return fmt::format("Write a value after \"{} =\", or leave the line out.", key);
    if (text::iequals(value, "true") || text::iequals(value, "yes") || text::iequals(value, "on"))
        return fmt::format("Write {} = true", key);
    if (text::iequals(value, "false") || text::iequals(value, "no") || text::iequals(value, "off"))
        return fmt::format("Write {} = false", key);
    if (value.find('"') == std::string_view::npos && value.find('[') == std::string_view::npos)
        return fmt::format("Text stands in quotes: write {} = \"{}\"", key, value);
    if (std::ranges::count(value, '"') % 2 != 0)
        return "A quote is opened and not closed on this line.";
    return "A value is \"text\", a number, true, false, or a list of these, as [\"a\", \"b\"].";
}

}  // namespace

std::string_view kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::text:
            return "text";
        case Node::Kind::whole:
            return "a number";
        case Node::Kind::real:
            return "a number with a point";
        case Node::Kind::flag:
            return "true or false";
        case Node::Kind::time:
            return "a date or time";
        case Node::Kind::list:
            return "a list";
        case Node::Kind::table:
            return "a section";
    }
    return "something else";
}

const Node* Node::find(std::string_view name) const {
    for (const Node& member : members)
        if (member.key == name) return &member;
    return nullptr;
}

std::expected<Node, Mistake> read_document(std::string_view text, const std::string& file) {
    try {
        return node_of(toml::parse(text), 0);
    } catch (const toml::parse_error& error) {
        Mistake mistake{.file = file, .at = position_of(error.source())};
        // The parser's words, without what it adds for programmers.
        mistake.wrong = fmt::format("this is no TOML: {}.", error.description());
        const bool is_twice = error.description().find("redefine") != std::string_view::npos;
        mistake.instead = is_twice ? "Each key stands once in a section: keep one of them."
                                   : advice_for(line_of(text, mistake.at.line));
        return std::unexpected(std::move(mistake));
    }
}

}  // namespace pidge::config
