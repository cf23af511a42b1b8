#include "system/store/archive/transfer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "system/store/archive/limits.h"
#include "system/store/blob_record.h"

namespace pidge::store {

namespace {

constexpr std::string_view mark_key = "import";

// "ID RECORDS": of which archive how many records are here.
struct Mark {
    std::string id;
    std::uint64_t records = 0;

    Bytes text() const { return fmt::format("{} {}", id, records); }
};

std::optional<Mark> read_mark(std::string_view text) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto records = text::parse_u64(text.substr(space + 1));
    if (!records) return std::nullopt;
    return Mark{std::string(text.substr(0, space)), *records};
}

Refusal refusal(Refusal::Kind kind, std::string text) {
    return {.kind = kind, .text = std::move(text)};
}

Refusal interrupted() {
    return {.kind = Refusal::Kind::temporary,
            .text = "Interrupted.",
            .code = std::string(interrupted_code)};
}

// Octets of all bodies: nearly all of most stores.
net::Task<std::uint64_t> body_octets(Store& store, const Snapshot* at) {
    std::uint64_t octets = 0;
    Pages pages(store, Space::blob, at);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next())
        for (const Item& item : page)
            if (const auto record = read_blob_record(item.value)) octets += record->size_bytes;
    co_return octets;
}

}  // namespace

net::Task<std::vector<Item>> Pages::next() {
    auto page = co_await store_.scan(space_, options_, at_);
    if (page.empty()) co_return page;
    options_.from = page.back().key + '\0';
    std::size_t octets = 1;
    for (const Item& item : page) octets += item.key.size() + item.value.size();
    const std::size_t wanted = page.size() * limits::page_bytes_wanted / octets;
    // A page that was full of small records says little about the next one.
    options_.limit =
        std::clamp<std::size_t>(std::min(wanted, options_.limit * 2), 1, limits::page_records_max);
    co_return page;
}

net::Task<Result<ArchiveTotals>> export_store(Store& store, ArchiveHeader header,
                                              ArchiveWriter::Write write, OnProgress progress) {
    if (const auto unfinished = co_await unfinished_import(store))
        co_return refusal(Refusal::Kind::conflict, *unfinished);
    const auto at = co_await store.snapshot();
    const std::uint64_t bodies = co_await body_octets(store, at.get());
    std::uint64_t bodies_done = 0;
    ArchiveWriter out(std::move(write), header);
    for (const SpaceInfo& info : spaces()) {
        Pages pages(store, info.space, at.get());
        for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
            for (const Item& item : page) {
                out.add(info.space, item.key, item.value);
                if (info.space == Space::chunk) bodies_done += item.value.size();
            }
            const std::uint64_t left = bodies - std::min(bodies, bodies_done);
            if (!progress({info.space, out.totals().records, out.totals().octets, left}))
                co_return interrupted();
        }
    }
    co_return out.finish();
}

Result<ArchiveTotals> check_archive(ArchiveReader::Read read, OnProgress progress) {
    ArchiveReader in(std::move(read));
    TRY(in.header());
    for (;;) {
        const auto records = TRY(in.next());
        if (records.empty()) return in.totals();
        if (!progress({records.back().space, in.totals().records, in.totals().octets, {}}))
            return interrupted();
    }
}

namespace {

net::Task<std::optional<std::string>> first_occupied(Store& store) {
    for (const SpaceInfo& info : spaces()) {
        const auto found = co_await store.scan(info.space, {.limit = 1});
        if (!found.empty()) co_return std::string(info.name);
    }
    co_return std::nullopt;
}

net::Task<Result<void>> commit(Store& store, Change change) {
    const auto done = co_await store.commit(std::move(change));
    if (!done)
        co_return refusal(Refusal::Kind::conflict,
                          "Somebody else writes to this store. Stop every pidge that runs on it.");
    co_return Result<void>{};
}

// Empties the store and marks it as one that is being filled.
net::Task<Result<void>> begin(Store& store, const Mark& mark, Existing existing) {
    Change change;
    if (existing == Existing::erase)
        for (const SpaceInfo& info : spaces()) change.erase_range(info.space, {}, {});
    change.put(Space::meta, Bytes(mark_key), mark.text());
    co_return co_await commit(store, std::move(change));
}

// How many records of this archive the store holds already; an empty store has none.
net::Task<Result<std::uint64_t>> prepare(Store& store, const std::string& id, Existing existing) {
    const auto stored = co_await store.get(Space::meta, Bytes(mark_key));
    const auto mark = stored ? read_mark(*stored) : std::nullopt;
    if (existing == Existing::refuse) {
        if (mark && mark->id == id) co_return mark->records;
        if (stored)
            co_return refusal(Refusal::Kind::conflict,
                              "An import of another archive into this store was begun and not "
                              "finished. Finish that one, or say --replace to erase it.");
        if (const auto space = co_await first_occupied(store))
            co_return refusal(
                Refusal::Kind::conflict,
                fmt::format("The store is not empty: it holds records of the kind \"{}\". Name an "
                            "empty one, or say --replace to erase everything it holds.",
                            *space));
    }
    CO_TRY(co_await begin(store, {id, 0}, existing));
    co_return std::uint64_t{0};
}

}  // namespace

net::Task<Result<Imported>> import_archive(Store& store, ArchiveReader::Read read,
                                           Existing existing, OnProgress progress) {
    ArchiveReader in(std::move(read));
    const ArchiveHeader header = CO_TRY(in.header());
    const std::uint64_t resumed_at = CO_TRY(co_await prepare(store, header.id, existing));
    for (;;) {
        const std::uint64_t before = in.totals().records;
        auto records = CO_TRY(in.next());
        Change change;
        if (before >= resumed_at) {
            change.check_equals(Space::meta, Bytes(mark_key), Mark{header.id, before}.text());
            if (records.empty())
                change.erase(Space::meta, Bytes(mark_key));
            else
                change.put(Space::meta, Bytes(mark_key),
                           Mark{header.id, in.totals().records}.text());
            for (Record& record : records)
                change.put(record.space, std::move(record.key), std::move(record.value));
            CO_TRY(co_await commit(store, std::move(change)));
        } else if (in.totals().records > resumed_at || records.empty()) {
            co_return refusal(Refusal::Kind::conflict,
                              "What this store holds is not the beginning of this archive. Say "
                              "--replace to erase it and begin anew.");
        }
        if (records.empty()) co_return Imported{in.totals(), resumed_at};
        const Space space = records.back().space;
        if (!progress({space, in.totals().records, in.totals().octets, {}}))
            co_return interrupted();
    }
}

net::Task<std::optional<std::string>> unfinished_import(Store& store) {
    const auto stored = co_await store.get(Space::meta, Bytes(mark_key));
    if (!stored) co_return std::nullopt;
    const auto mark = read_mark(*stored);
    co_return fmt::format(
        "An import into this store was begun and not finished ({} records are here). Finish it: "
        "pidge store import FILE, with the same file.",
        mark ? mark->records : 0);
}

}  // namespace pidge::store
