// The archive: a whole store as one stream of octets.
//
//   archive = "pidge store archive, format 1\n" header *records end
//   frame   = length (4) ‖ CRC-32C (4) of the body ‖ body
//   header  = frame: 'H' ‖ lines "name value\n": id, made (microseconds since 1970), version, host
//   records = frame: 'R' ‖ *( space (1) ‖ key length (4) ‖ value length (4) ‖ key ‖ value )
//   end     = frame: 'E' ‖ number of records (8) ‖ octets of keys and values (8) ‖ SHA-256 (32)
//
// Numbers are unsigned, most significant octet first. Records rise by space, then by key. The
// SHA-256 is over all records as they stand in the frames, without the frames: two stores with the
// same contents have the same one, whatever engine holds them. Nothing follows the end.
//
// A later format changes the first line. Frames of a kind that is not known are refused.
// Everything blocks; for one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "system/crypto/digest.h"
#include "system/store/space.h"

namespace pidge::store {

struct ArchiveHeader {
    std::string id;  // drawn anew for each export
    WallTime made;
    std::string version;  // of the program that wrote it
    std::string host;     // whose store it was
};

struct ArchiveTotals {
    std::uint64_t records = 0;
    std::uint64_t octets = 0;  // of keys and values
    crypto::Digest digest{};   // of all contents; known at the end
};

struct Record {
    Space space = Space::meta;
    Bytes key;
    Bytes value;
};

class ArchiveWriter {
 public:
    // `write` takes the octets in order, and throws Fault when it cannot.
    using Write = std::function<void(std::string_view)>;

    ArchiveWriter(Write write, const ArchiveHeader& header);
    void add(Space space, std::string_view key, std::string_view value);
    ArchiveTotals finish();
    const ArchiveTotals& totals() const { return totals_; }

 private:
    void flush();
    void frame(std::string_view body);

    const Write write_;
    ArchiveTotals totals_;
    crypto::Sha256 digest_;
    Bytes body_;
    std::size_t in_body_ = 0;
};

class ArchiveReader {
 public:
    // Up to as many octets as asked for; fewer only at the end. Throws Fault when it cannot.
    using Read = std::function<Bytes(std::size_t)>;

    explicit ArchiveReader(Read read) : read_(std::move(read)) {}

    // First. Refusals tell a person what is wrong with the file, and where.
    Result<ArchiveHeader> header();
    // The records of the next frame; none when the end was reached and everything is as it was
    // written.
    Result<std::vector<Record>> next();
    const ArchiveTotals& totals() const { return totals_; }
    std::uint64_t position() const { return position_; }  // octets read

 private:
    Result<Bytes> octets(std::size_t count);
    Result<Bytes> frame(std::size_t bytes_max);
    Result<std::vector<Record>> records(std::string_view body);
    Result<void> end(std::string_view body);
    Refusal damaged(std::string_view what) const;

    const Read read_;
    std::uint64_t position_ = 0;
    ArchiveTotals totals_;
    crypto::Sha256 digest_;
    std::optional<Record> last_;  // its key only
    bool is_ended_ = false;
};

}  // namespace pidge::store
