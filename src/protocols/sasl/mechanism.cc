#include "protocols/sasl/mechanism.h"

#include <array>

#include "base/text.h"

namespace pidge::sasl {
namespace {

constexpr std::array names = {
    std::pair{Mechanism::scram_sha_256_plus, std::string_view("SCRAM-SHA-256-PLUS")},
    std::pair{Mechanism::scram_sha_256, std::string_view("SCRAM-SHA-256")},
    std::pair{Mechanism::plain, std::string_view("PLAIN")},
    std::pair{Mechanism::login, std::string_view("LOGIN")},
};

}  // namespace

std::optional<Mechanism> mechanism_of(std::string_view name) {
    for (const auto& [mechanism, known] : names)
        if (text::iequals(name, known)) return mechanism;
    return std::nullopt;
}

std::string_view name_of(Mechanism mechanism) {
    for (const auto& [known, name] : names)
        if (known == mechanism) return name;
    return {};
}

}  // namespace pidge::sasl
