#include "system/store/log_entry.h"

#include <cstring>

#include "system/crypto/digest.h"
#include "system/store/octets.h"

namespace pidge::store {

namespace {

constexpr std::size_t chain_size = std::tuple_size_v<Chain>;

std::string_view bytes_of(const Chain& chain) {
    return {reinterpret_cast<const char*>(chain.data()), chain.size()};
}

Chain read_chain(std::string_view from) {
    Chain chain;
    std::memcpy(chain.data(), from.data(), chain.size());
    return chain;
}

}  // namespace

Bytes log_key(std::string_view log, std::uint64_t number) {
    Bytes key;
    key.reserve(log.size() + 9);
    key += log;
    key += '\0';
    append_u64(key, number);
    return key;
}

Bytes after_log(std::string_view log) {
    return Bytes(log) + '\1';
}

std::string_view log_of(std::string_view key) {
    return key.substr(0, key.find('\0'));
}

std::optional<std::uint64_t> log_number(std::string_view key) {
    if (key.size() < 9 || key[key.size() - 9] != '\0') return std::nullopt;
    return read_u64(key.data() + key.size() - 8);
}

Chain next_chain(const Chain& previous, std::uint64_t number, std::string_view entry) {
    const crypto::Digest leaf = crypto::sha256({std::string_view("\0", 1), entry});
    char number_octets[8];
    write_u64(number_octets, number);
    return crypto::sha256({std::string_view("\1", 1), bytes_of(previous),
                           std::string_view(number_octets, 8), crypto::bytes_of(leaf)});
}

Bytes log_end_key(std::string_view log) {
    return "log:" + Bytes(log);
}

Bytes log_end_record(const LogEnd& end) {
    Bytes record;
    record.reserve(8 + chain_size);
    append_u64(record, end.number);
    record += bytes_of(end.chain);
    return record;
}

std::optional<LogEnd> read_log_end(std::string_view record) {
    if (record.size() != 8 + chain_size) return std::nullopt;
    return LogEnd{read_u64(record.data()), read_chain(record.substr(8))};
}

std::optional<LogValue> read_log_value(std::string_view value) {
    if (value.size() < chain_size) return std::nullopt;
    return LogValue{read_chain(value), value.substr(chain_size)};
}

}  // namespace pidge::store
