// Table: rows of text in aligned columns, for people. Pure.
#pragma once

#include <string>
#include <vector>

namespace pidge::command {

class Table {
 public:
    explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    bool is_empty() const { return rows_.size() == 1; }
    // Lines without a line end at the last; two spaces between columns. Cells are escaped for the
    // terminal.
    std::string text() const;

 private:
    std::vector<std::vector<std::string>> rows_;
};

// "name  value" lines of one object, names aligned.
std::string facts(const std::vector<std::pair<std::string, std::string>>& lines);

}  // namespace pidge::command
