// Bodies: each is what its name says, whole, and held by as many as its record counts.
#include <fmt/format.h>

#include <algorithm>

#include "services/inspection/inspection.h"
#include "system/crypto/digest.h"
#include "system/store/blob_record.h"
#include "system/store/octets.h"

namespace pidge::inspection {

namespace {

using store::BlobId;
using store::BlobRecord;
using store::Item;
using store::Space;

struct Body {
    BlobId id;
    std::uint64_t size_bytes = 0;
};

struct Bodies {
    std::map<Bytes, Body, std::less<>> large;  // by upload; those that were met are taken out
    std::uint64_t small = 0, small_met = 0;
    std::set<Bytes, std::less<>> pending;  // uploads that no commit has come to hold
};

// The large body that is being put together, chunk by chunk.
struct Assembly {
    Bytes upload;
    std::optional<Body> body;
    std::uint64_t size_bytes = 0;
    std::uint32_t next_chunk = 0;
    bool is_whole = true;
    crypto::Sha256 digest;
};

void note_body(Inspection& in, const BlobId& id, std::string text) {
    in.note("body " + id.text(), std::move(text));
}

net::Task<void> read_records(Inspection& in, Bodies& bodies) {
    std::ranges::sort(in.holders);
    in.report.counts[Space::blob] = 0;
    auto pages = in.pages(Space::blob);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(Space::blob, page)) co_return;
        for (const Item& item : page) {
            const auto id = BlobId::from_bytes(item.key);
            const auto record = store::read_blob_record(item.value);
            if (!id || !record) {
                in.note("body " + shown(item.key), "The record cannot be read.");
                continue;
            }
            const auto held =
                std::ranges::equal_range(in.holders, store::read_u64(item.key.data()));
            if (held.size() != record->holders)
                note_body(in, *id,
                          fmt::format("{} entries of the queue hold it, and its record counts {}.",
                                      held.size(), record->holders));
            if (record->upload.empty())
                ++bodies.small;
            else
                bodies.large[record->upload] = {*id, record->size_bytes};
        }
    }
}

net::Task<void> inspect_small(Inspection& in, Bodies& bodies, const Item& item) {
    const auto id = BlobId::from_bytes(std::string_view(item.key).substr(1));
    if (!id) {
        in.note("chunk " + shown(item.key), "The key is none.");
        co_return;
    }
    const auto stored = co_await in.store.get(Space::blob, Bytes(id->bytes()), in.at.get());
    const auto record = stored ? store::read_blob_record(*stored) : std::nullopt;
    if (!record || !record->upload.empty()) {
        note_body(in, *id, "Its octets are here, but no record of it.");
        co_return;
    }
    ++bodies.small_met;
    const auto octets = store::read_chunk(item.value);
    if (!octets) {
        note_body(in, *id, "Its checksum is wrong.");
        co_return;
    }
    in.report.body_octets += octets->size();
    const crypto::Digest digest = crypto::sha256(*octets);
    if (octets->size() != record->size_bytes || crypto::bytes_of(digest) != id->bytes())
        note_body(in, *id, "Its octets are not those it is named after.");
}

void end_large(Inspection& in, Bodies& bodies, Assembly& assembly) {
    if (assembly.body) {
        const crypto::Digest digest = assembly.digest.finish();
        const bool is_same = assembly.is_whole &&
                             assembly.size_bytes == assembly.body->size_bytes &&
                             crypto::bytes_of(digest) == assembly.body->id.bytes();
        if (!is_same)
            note_body(in, assembly.body->id, "Its octets are not those it is named after.");
        bodies.large.erase(assembly.upload);
    }
    assembly = {};
}

void inspect_chunk(Inspection& in, Bodies& bodies, Assembly& assembly, const Item& item) {
    constexpr std::size_t key_size = 1 + store::upload_name_size + 4;
    if (item.key.size() != key_size) {
        in.note("chunk " + shown(item.key), "The key is none.");
        return;
    }
    const Bytes upload = item.key.substr(1, store::upload_name_size);
    if (upload != assembly.upload) {
        end_large(in, bodies, assembly);
        assembly.upload = upload;
        if (const auto found = bodies.large.find(upload); found != bodies.large.end())
            assembly.body = found->second;
        else
            bodies.pending.insert(upload);
    }
    if (!assembly.body) return;
    const auto octets = store::read_chunk(item.value);
    const bool is_next = store::read_u32(item.key.data() + key_size - 4) == assembly.next_chunk++;
    if (!octets || !is_next) {
        assembly.is_whole = false;
        return;
    }
    assembly.size_bytes += octets->size();
    in.report.body_octets += octets->size();
    assembly.digest.update(*octets);
}

net::Task<void> read_chunks(Inspection& in, Bodies& bodies) {
    Assembly assembly;
    std::set<Bytes, std::less<>> marked;  // as pending: the store sweeps those by itself
    in.report.counts[Space::chunk] = 0;
    auto pages = in.pages(Space::chunk);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(Space::chunk, page)) co_return;
        for (const Item& item : page) {
            if (item.key.starts_with('i'))
                co_await inspect_small(in, bodies, item);
            else if (item.key.starts_with('u'))
                inspect_chunk(in, bodies, assembly, item);
            else if (item.key.starts_with('p'))
                marked.insert(item.key.substr(1));
            else
                in.note("chunk " + shown(item.key), "The key is none.");
        }
    }
    end_large(in, bodies, assembly);
    for (const Bytes& upload : bodies.pending)
        if (!marked.contains(upload))
            in.note("chunk " + shown(upload), "Chunks of a body that nothing knows of.");
}

// Which of the small bodies have a record and no octets; only looked for when their number says so.
net::Task<void> name_missing(Inspection& in) {
    auto pages = in.pages(Space::blob);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next())
        for (const Item& item : page) {
            const auto id = BlobId::from_bytes(item.key);
            const auto record = store::read_blob_record(item.value);
            if (!id || !record || !record->upload.empty()) continue;
            const bool is_there = co_await in.has(Space::chunk, store::inline_chunk_key(*id));
            if (!is_there) note_body(in, *id, "Its octets are not there.");
        }
}

}  // namespace

net::Task<void> inspect_bodies(Inspection& in) {
    Bodies bodies;
    co_await read_records(in, bodies);
    if (in.is_interrupted) co_return;
    co_await read_chunks(in, bodies);
    if (in.is_interrupted) co_return;
    for (const auto& [upload, body] : bodies.large)
        if (body.size_bytes > 0) note_body(in, body.id, "Its octets are not there.");
    if (bodies.small_met != bodies.small) co_await name_missing(in);
}

}  // namespace pidge::inspection
