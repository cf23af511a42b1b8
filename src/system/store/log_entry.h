// How the entries of a hash-chained log lie in space audit: key = log name ‖ 0x00 ‖ number (8
// octets, most significant first, from 1); value = chain (32 octets) ‖ entry.
//
//   leaf(n)  = SHA-256(0x00 ‖ entry)    RFC 9162 §2.1.1: the leaf of a later Merkle tree
//   chain(n) = SHA-256(0x01 ‖ chain(n-1) ‖ n ‖ leaf(n)), n as 8 octets
//   chain(0) = 32 zero octets
//
// The end of each log (number ‖ chain) stands in space counter under "log:" ‖ name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace pidge::store {

using Chain = std::array<std::uint8_t, 32>;

struct LogEnd {
    std::uint64_t number = 0;  // of the last entry; 0: none
    Chain chain{};
};

Bytes log_key(std::string_view log, std::uint64_t number);
// Behind every key of the log; all of them, and those that are none of an entry's, begin with its
// name.
Bytes after_log(std::string_view log);
std::string_view log_of(std::string_view key);                  // the name that a key begins with
std::optional<std::uint64_t> log_number(std::string_view key);  // from a key
Chain next_chain(const Chain& previous, std::uint64_t number, std::string_view entry);

Bytes log_end_key(std::string_view log);
Bytes log_end_record(const LogEnd& end);
std::optional<LogEnd> read_log_end(std::string_view record);

struct LogValue {
    Chain chain;
    std::string_view entry;  // into the value
};
std::optional<LogValue> read_log_value(std::string_view value);

}  // namespace pidge::store
