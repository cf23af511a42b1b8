// EngineLog: what RocksDB has to say of trouble goes to our own log.
//
// Its own file LOG would lie on the disk of the store, and the RocksDB of Debian ends the process
// by an assertion at the second line after one that could not be written: a full disk, of which it
// warns there, would be enough.
#pragma once

#include <rocksdb/env.h>

namespace pidge::store {

class EngineLog final : public rocksdb::Logger {
 public:
    EngineLog() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

    void LogHeader(const char*, va_list) override {}  // lists of settings
    void Logv(const char*, va_list) override {}       // without a level: no trouble
    [[gnu::format(printf, 3, 0)]] void Logv(rocksdb::InfoLogLevel level, const char* format,
                                            va_list values) override;
};

}  // namespace pidge::store
