// Mistake: something wrong in the configuration file, told so that it can be mended at once: where
// it stands, what is wrong, and what to write instead. Plain values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pidge::config {

// Where something stands in the file; both count from 1. Line 0: nowhere in particular.
struct Position {
    std::size_t line = 0;
    std::size_t column = 0;

    friend auto operator<=>(const Position&, const Position&) = default;
};

struct Mistake {
    std::string file;
    Position at;
    std::string key;      // "listener.address"; empty: the file as a whole
    std::string wrong;    // a sentence
    std::string instead;  // a sentence: what to write or do

    // "FILE:LINE:COLUMN: KEY: WRONG" and, indented on the next line, what to do instead.
    std::string text() const;

    friend bool operator==(const Mistake&, const Mistake&) = default;
};

void sort(std::vector<Mistake>& mistakes);  // by place

// All of them in order of place, each followed by a line end.
std::string text_of(std::vector<Mistake> mistakes);

}  // namespace pidge::config
