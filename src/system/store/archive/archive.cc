#include "system/store/archive/archive.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "system/store/archive/limits.h"
#include "system/store/checksum.h"
#include "system/store/octets.h"

namespace pidge::store {

namespace {

constexpr std::string_view first_line = "pidge store archive, format 1\n";
constexpr std::string_view first_line_any = "pidge store archive, format ";
constexpr std::size_t frame_head = 8;
constexpr std::size_t record_head = 9;
constexpr std::size_t end_size = 1 + 8 + 8 + 32;

Refusal refusal(std::string text) {
    return {.kind = Refusal::Kind::syntax, .text = std::move(text)};
}

std::string one_line(std::string_view text) {
    return text::printable(text, 200);
}

bool is_known(std::uint8_t number) {
    return std::ranges::any_of(spaces(), [number](const SpaceInfo& info) {
        return static_cast<std::uint8_t>(info.space) == number;
    });
}

Bytes header_body(const ArchiveHeader& header) {
    return fmt::format("Hid {}\nmade {}\nversion {}\nhost {}\n", one_line(header.id),
                       header.made.time_since_epoch().count(), one_line(header.version),
                       one_line(header.host));
}

std::optional<ArchiveHeader> read_header(std::string_view body) {
    ArchiveHeader header;
    if (body.empty() || body.front() != 'H') return std::nullopt;
    for (const std::string_view line : text::split(body.substr(1), '\n')) {
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos) continue;
        const std::string_view name = line.substr(0, space), value = line.substr(space + 1);
        if (name == "id") header.id = value;
        if (name == "version") header.version = value;
        if (name == "host") header.host = value;
        if (name == "made")
            header.made = WallTime(std::chrono::microseconds(
                static_cast<std::int64_t>(text::parse_u64(value).value_or(0))));
    }
    if (header.id.empty()) return std::nullopt;
    return header;
}

}  // namespace

ArchiveWriter::ArchiveWriter(Write write, const ArchiveHeader& header) : write_(std::move(write)) {
    write_(first_line);
    frame(header_body(header));
}

void ArchiveWriter::add(Space space, std::string_view key, std::string_view value) {
    if (body_.empty()) body_ = "R";
    const std::size_t begin = body_.size();
    body_ += static_cast<char>(space);
    append_u32(body_, static_cast<std::uint32_t>(key.size()));
    append_u32(body_, static_cast<std::uint32_t>(value.size()));
    body_ += key;
    body_ += value;
    digest_.update(std::string_view(body_).substr(begin));
    ++totals_.records;
    totals_.octets += key.size() + value.size();
    if (++in_body_ >= limits::frame_records || body_.size() >= limits::frame_bytes) flush();
}

void ArchiveWriter::flush() {
    if (in_body_ > 0) frame(body_);
    body_.clear();
    in_body_ = 0;
}

void ArchiveWriter::frame(std::string_view body) {
    check(body.size() <= limits::frame_bytes_max, "a frame of an archive is too large");
    Bytes head;
    append_u32(head, static_cast<std::uint32_t>(body.size()));
    append_u32(head, crc32c(body));
    write_(head);
    write_(body);
}

ArchiveTotals ArchiveWriter::finish() {
    flush();
    totals_.digest = digest_.finish();
    Bytes body = "E";
    append_u64(body, totals_.records);
    append_u64(body, totals_.octets);
    body += crypto::bytes_of(totals_.digest);
    frame(body);
    return totals_;
}

Refusal ArchiveReader::damaged(std::string_view what) const {
    return refusal(fmt::format(
        "The archive is damaged: {} at octet {}, after {} whole records. Take another copy of it.",
        what, position_, totals_.records));
}

Result<Bytes> ArchiveReader::octets(std::size_t count) {
    Bytes all;
    while (all.size() < count) {
        const Bytes more = read_(count - all.size());
        if (more.empty())
            return refusal(fmt::format(
                "The archive ends in the middle: octet {} is its last, after {} whole records. It "
                "was not written to its end, or not copied whole.",
                position_ + all.size(), totals_.records));
        all += more;
    }
    position_ += all.size();
    return all;
}

Result<Bytes> ArchiveReader::frame(std::size_t bytes_max) {
    const Bytes head = TRY(octets(frame_head));
    const std::size_t length = read_u32(head.data());
    if (length == 0 || length > bytes_max)
        return damaged(fmt::format("a frame cannot have {} octets", length));
    Bytes body = TRY(octets(length));
    if (crc32c(body) != read_u32(head.data() + 4)) return damaged("a checksum is wrong");
    return body;
}

Result<ArchiveHeader> ArchiveReader::header() {
    const Bytes line = TRY(octets(first_line.size()));
    if (line != first_line) {
        if (line.starts_with(first_line_any))
            return refusal(fmt::format(
                "This archive is of another format ({}) than this version of pidge reads. Take "
                "the version that wrote it, or a newer one.",
                one_line(text::trim(std::string_view(line).substr(first_line_any.size())))));
        return refusal("This is no archive of a pidge store.");
    }
    const auto header = read_header(TRY(frame(limits::header_bytes_max)));
    if (!header) return damaged("its header cannot be read");
    return *header;
}

Result<std::vector<Record>> ArchiveReader::records(std::string_view body) {
    std::vector<Record> found;
    digest_.update(body.substr(1));
    std::uint64_t octets = 0;
    for (std::size_t at = 1; at < body.size();) {
        if (body.size() - at < record_head) return damaged("a record is cut short");
        const auto space = static_cast<std::uint8_t>(body[at]);
        const std::size_t key_size = read_u32(body.data() + at + 1);
        const std::size_t value_size = read_u32(body.data() + at + 5);
        at += record_head;
        if (key_size > body.size() - at || value_size > body.size() - at - key_size)
            return damaged("a record is cut short");
        if (!is_known(space))
            return refusal(fmt::format(
                "The archive holds records of a kind (number {}) that this version of pidge does "
                "not know. Take the version that wrote it, or a newer one.",
                space));
        Record record{static_cast<Space>(space), Bytes(body.substr(at, key_size)),
                      Bytes(body.substr(at + key_size, value_size))};
        at += key_size + value_size;
        if (last_ && std::tie(last_->space, last_->key) >= std::tie(record.space, record.key))
            return damaged("records are out of order");
        last_ = Record{record.space, record.key, {}};
        octets += key_size + value_size;
        found.push_back(std::move(record));
    }
    if (found.empty()) return damaged("a frame is empty");
    totals_.records += found.size();
    totals_.octets += octets;
    return found;
}

Result<void> ArchiveReader::end(std::string_view body) {
    if (body.size() != end_size) return damaged("its end cannot be read");
    totals_.digest = digest_.finish();
    const bool is_whole = read_u64(body.data() + 1) == totals_.records &&
                          read_u64(body.data() + 9) == totals_.octets &&
                          body.substr(17) == crypto::bytes_of(totals_.digest);
    if (!is_whole) return damaged("its records are not those that were written");
    if (!read_(1).empty()) return damaged("something follows its end");
    is_ended_ = true;
    return {};
}

Result<std::vector<Record>> ArchiveReader::next() {
    if (is_ended_) return std::vector<Record>();
    const Bytes body = TRY(frame(limits::frame_bytes_max));
    if (body.front() == 'R') return records(body);
    if (body.front() != 'E') return damaged("a frame is of an unknown kind");
    TRY(end(body));
    return std::vector<Record>();
}

}  // namespace pidge::store
