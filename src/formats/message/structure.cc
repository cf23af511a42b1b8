#include "formats/message/structure.h"

#include <algorithm>

namespace pidge::message {

bool Structure::has(DefectKind kind) const {
    return std::any_of(defects.begin(), defects.end(),
                       [kind](const PartDefect& defect) { return defect.kind == kind; });
}

const Part* Structure::find(std::string_view number) const {
    for (const Part& part : parts)
        if (part.number == number) return &part;
    return nullptr;
}

}  // namespace pidge::message
