#include "program/config/mistake.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace pidge::config {

std::string Mistake::text() const {
    std::string out = file;
    if (at.line != 0) out += fmt::format(":{}:{}", at.line, at.column);
    out += ": ";
    if (!key.empty()) out += text::printable(key) + ": ";
    out += text::printable(wrong);
    if (!instead.empty()) out += "\n    " + text::printable(instead);
    return out;
}

void sort(std::vector<Mistake>& mistakes) {
    std::ranges::sort(mistakes, {}, [](const Mistake& mistake) {
        return std::tie(mistake.at, mistake.key, mistake.wrong);
    });
}

std::string text_of(std::vector<Mistake> mistakes) {
    sort(mistakes);
    std::string out;
    for (const Mistake& mistake : mistakes) out += mistake.text() + "\n";
    return out;
}

}  // namespace pidge::config
