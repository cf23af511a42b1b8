// A store into an archive, an archive into a store. By the contract of Store only: any engine can
// be either end.
//
// An import is one commit for each frame, each with a mark of how far it has come; the last one
// takes the mark away. So it can be interrupted anywhere and goes on where it stopped, and a store
// with a mark is no store yet: nobody serves from it (unfinished_import).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "system/store/archive/archive.h"
#include "system/store/archive/limits.h"
#include "system/store/store.h"

namespace pidge::store {

struct Progress {
    Space space = Space::meta;  // that is being carried
    std::uint64_t records = 0, octets = 0;
    std::optional<std::uint64_t> octets_left;  // about
};
// Called for each page or frame. False: somebody asked to stop; it ends with a refusal of the code
// "interrupted".
using OnProgress = std::function<bool(const Progress&)>;

inline constexpr std::string_view interrupted_code = "interrupted";

// Everything, as of one moment. Refuses a store with an unfinished import. Throws Fault, also what
// `write` throws.
net::Task<Result<ArchiveTotals>> export_store(Store& store, ArchiveHeader header,
                                              ArchiveWriter::Write write, OnProgress progress);

// Reads an archive to its end and writes nothing.
Result<ArchiveTotals> check_archive(ArchiveReader::Read read, OnProgress progress);

enum class Existing : std::uint8_t {
    refuse,  // a store that holds anything, except a part of this archive
    erase,
};
struct Imported {
    ArchiveTotals totals;
    std::uint64_t resumed_at = 0;  // records that had been imported before
};
net::Task<Result<Imported>> import_archive(Store& store, ArchiveReader::Read read,
                                           Existing existing, OnProgress progress);

// How far an import has come that was not finished, for a person; nullopt: there is none.
net::Task<std::optional<std::string>> unfinished_import(Store& store);

// Scans a space page by page; pages have few records where values are large. The store and the
// snapshot outlive it.
class Pages {
 public:
    Pages(Store& store, Space space, const Snapshot* at) : store_(store), space_(space), at_(at) {}

    net::Task<std::vector<Item>> next();  // empty: at the end

 private:
    Store& store_;
    const Space space_;
    const Snapshot* const at_;
    ScanOptions options_{.limit = limits::page_records_first};
};

}  // namespace pidge::store
