#include "system/store/rocksdb/engine_log.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "base/log.h"

namespace pidge::store {

namespace {

constexpr log::Event engine_trouble{
    "store-engine-trouble", log::Level::warning,
    "RocksDB, which keeps the store, tells of trouble.",
    "Look at the disk and at what else is told of the store at this time."};

}  // namespace

void EngineLog::Logv(rocksdb::InfoLogLevel level, const char* format, va_list values) {
    using enum rocksdb::InfoLogLevel;
    if (level != WARN_LEVEL && level != ERROR_LEVEL && level != FATAL_LEVEL) return;
    std::array<char, 1024> text;
    const int size = std::vsnprintf(text.data(), text.size(), format, values);
    if (size <= 0) return;
    std::string_view line(text.data(), std::min<std::size_t>(size, text.size() - 1));
    while (line.ends_with('\n')) line.remove_suffix(1);
    log::write(engine_trouble, {{"text", std::string(line)}});
}

}  // namespace pidge::store
