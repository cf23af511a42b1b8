#include "program/command/table.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace pidge::command {
namespace {

constexpr std::size_t cell_octets_max = 400;

// Code points, which is near enough to columns for the names and addresses shown here.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string out;
    for (const auto& row : rows) {
        if (!out.empty()) out += '\n';
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line;
    }
    return out;
}

}  // namespace

std::string Table::text() const {
    std::vector<std::vector<std::string>> rows = rows_;
    for (auto& row : rows)
        for (std::string& cell : row) cell = text::printable(cell, cell_octets_max);
    return aligned(rows);
}

std::string facts(const std::vector<std::pair<std::string, std::string>>& lines) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : lines) rows.push_back({name, text::printable(value, 4000)});
    return aligned(rows);
}

}  // namespace pidge::command
