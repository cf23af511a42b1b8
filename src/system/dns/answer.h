// Answer<Record>: what the DNS says to a question. Trouble is a value here, not an exception: a
// caller must decide for each of the four outcomes, and only `no_name` and `no_data` may ever make
// a message bounce [C7].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace pidge::dns {

enum class Outcome : std::uint8_t {
    found,      // there are records
    no_data,    // the name exists, without records of this type
    no_name,    // the name does not exist (NXDOMAIN), or can be no name at all
    temporary,  // not known now: time-out, SERVFAIL, failed validation, unreadable answer
};

template <typename Record>
struct Answer {
    Outcome outcome = Outcome::temporary;
    std::vector<Record> records;  // not empty exactly when found
    // The answer, also a negative one, was proven by DNSSEC up to a trust anchor.
    bool secure = false;
    std::uint32_t ttl_s = 0;
    // The name at the end of the CNAME chain, where that is another than asked for; else empty.
    std::string canonical_name;
    std::string text;  // when temporary: why, for a person (a sentence without its full stop)

    bool is_found() const { return outcome == Outcome::found; }
    bool is_temporary() const { return outcome == Outcome::temporary; }
};

using RawAnswer = Answer<Bytes>;  // the records as octets of the wire (RDATA, names uncompressed)

// Reads the records of a raw answer. Malformed records are left out; when nothing readable is left
// of an answer that had records the outcome is temporary, so that nobody takes a broken zone for an
// empty one.
template <typename Record>
Answer<Record> read_answer(const RawAnswer& raw, std::optional<Record> (*read)(ByteView rdata)) {
    Answer<Record> answer{.outcome = raw.outcome,
                          .secure = raw.secure,
                          .ttl_s = raw.ttl_s,
                          .canonical_name = raw.canonical_name,
                          .text = raw.text};
    for (const Bytes& rdata : raw.records)
        if (auto record = read(rdata)) answer.records.push_back(std::move(*record));
    if (answer.is_found() && answer.records.empty()) {
        answer.outcome = Outcome::temporary;
        answer.secure = false;
        answer.text = "the name server answered with malformed records";
    }
    return answer;
}

}  // namespace pidge::dns
