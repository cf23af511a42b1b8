// Whatever a file holds, reading it ends with a configuration or with mistakes that have a place.
#include <cstdlib>

#include "program/config/read.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pidge::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Reading reading = read_text(text, "pidge.toml");
    for (const Mistake& mistake : reading.mistakes)
        if (mistake.text().empty()) std::abort();
    return 0;
}
