#include "system/store/evaluation.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/check.h"
#include "system/store/blob_record.h"
#include "system/store/log_entry.h"
#include "system/store/octets.h"

namespace pidge::store {

namespace {

using Kind = Change::Operation::Kind;

[[noreturn]] void damaged(const std::string& what) {
    throw Fault(Fault::Why::damaged, what);
}

}  // namespace

CommitOutcome Evaluation::run(Change& change) {
    // A replay says so even when its checks would fail now: they fail because it was committed.
    if (!change.token().empty() && overlay_.get(Space::token, change.token()))
        return Committed{.replayed = true};
    if (const auto conflict = failed_check(change)) return std::unexpected(*conflict);
    finishing_.clear();
    if (!begin_finishes(change)) {
        back_out();
        return std::unexpected(Conflict{change.checks().size()});
    }
    Committed committed;
    committed.numbers.resize(change.number_count());
    const std::size_t offered_before = offered_.size();
    try {
        if (change.offers_scheduled()) note_offered(change);
        for (Change::Operation& operation : change.take_operations()) apply(operation, committed);
        if (!change.token().empty()) {
            Bytes used;
            append_u64(used, static_cast<std::uint64_t>(now_.time_since_epoch().count()));
            overlay_.put(Space::token, change.token(), std::move(used));
        }
    } catch (...) {
        overlay_.undo();
        back_out();
        offered_.resize(offered_before);
        throw;
    }
    overlay_.keep();
    std::move(finishing_.begin(), finishing_.end(), std::back_inserter(finished_));
    return committed;
}

void Evaluation::note_offered(const Change& change) {
    for (const Change::Operation& operation : change.operations())
        if (operation.kind == Kind::put && operation.space == Space::due)
            offered_.push_back(operation.key);
}

std::optional<Conflict> Evaluation::failed_check(const Change& change) {
    for (std::size_t i = 0; i < change.checks().size(); ++i) {
        const Change::Check& check = change.checks()[i];
        const Bytes* const value = overlay_.get(check.space, check.key);
        bool holds = false;
        switch (check.kind) {
            case Change::Check::Kind::absent:
                holds = value == nullptr;
                break;
            case Change::Check::Kind::present:
                holds = value != nullptr;
                break;
            case Change::Check::Kind::equals:
                holds = value && *value == check.value;
                break;
        }
        if (!holds) return Conflict{i};
    }
    return std::nullopt;
}

bool Evaluation::begin_finishes(const Change& change) {
    for (const Change::Operation& operation : change.operations()) {
        if (operation.kind == Kind::unschedule) {
            // What an earlier change of this group has finished is nobody's.
            if (std::ranges::find(finished_, operation.key) != finished_.end()) continue;
            if (!leases_.begin_removal(operation.key)) return false;
            finishing_.push_back(operation.key);
            continue;
        }
        if (operation.kind != Kind::finish) continue;
        // An earlier change of this group may have taken the item away.
        if (overlay_.touched(Space::due, operation.key) == Overlay::Touched::erased) return false;
        if (!leases_.begin_finish(operation.key, operation.lease->fence)) return false;
        finishing_.push_back(operation.key);
    }
    return true;
}

void Evaluation::back_out() {
    for (const Bytes& key : finishing_) leases_.kept(key);
    finishing_.clear();
}

void Evaluation::apply(Change::Operation& operation, Committed& committed) {
    const Space space = operation.space;
    switch (operation.kind) {
        case Kind::put:
            fill_holes(operation, committed);
            overlay_.put(space, operation.key, std::move(operation.value));
            break;
        case Kind::erase:
        case Kind::finish:
        case Kind::unschedule:
            overlay_.erase(space, operation.key);
            break;
        case Kind::erase_range:
            overlay_.erase_range(space, operation.key, operation.value);
            break;
        case Kind::add:
        case Kind::next: {
            const std::uint64_t before = counter(space, operation.key);
            if (operation.kind == Kind::next) committed.numbers[operation.number] = before + 1;
            Bytes after;
            append_u64(after, before + static_cast<std::uint64_t>(operation.delta));
            overlay_.put(space, operation.key, std::move(after));
            break;
        }
        case Kind::append:
            committed.numbers[operation.number] = append(operation.key, operation.value);
            break;
        case Kind::hold:
            hold(*operation.blob);
            break;
        case Kind::drop:
            drop(*BlobId::from_bytes(operation.key));
            break;
    }
}

std::uint64_t Evaluation::counter(Space space, std::string_view key) {
    const Bytes* const value = overlay_.get(space, key);
    if (!value) return 0;
    if (value->size() != 8) damaged("a counter has not 8 octets");
    return read_u64(value->data());
}

void Evaluation::fill_holes(Change::Operation& operation, const Committed& committed) {
    for (const Hole& hole : operation.holes) {
        Bytes& in = hole.in == Hole::In::key ? operation.key : operation.value;
        write_u64(in.data() + hole.offset, committed.numbers[hole.number.index]);
    }
}

// Where the end mark was lost or set back its log has entries behind it. They are evidence: nothing
// is written over them.
LogEnd Evaluation::end_of(const Bytes& log, const Bytes& end_key) {
    LogEnd end;
    if (const Bytes* const record = overlay_.get(Space::counter, end_key)) {
        const auto read = read_log_end(*record);
        if (!read || read->number == UINT64_MAX)
            damaged("the end mark of log " + log + " cannot be read");
        end = *read;
    }
    if (logs_.contains(log)) return end;
    const Bytes behind = log_key(log, end.number) + '\0';
    if (overlay_.is_stored_between(Space::audit, behind, after_log(log)))
        damaged("log " + log + " has entries behind its end mark, which says " +
                std::to_string(end.number) + "; nothing is written over them");
    logs_.insert(log);
    return end;
}

std::uint64_t Evaluation::append(const Bytes& log, std::string_view entry) {
    const Bytes end_key = log_end_key(log);
    LogEnd end = end_of(log, end_key);
    ++end.number;
    end.chain = next_chain(end.chain, end.number, entry);
    Bytes value;
    value.reserve(end.chain.size() + entry.size());
    value.append(reinterpret_cast<const char*>(end.chain.data()), end.chain.size());
    value += entry;
    overlay_.put_new(Space::audit, log_key(log, end.number), std::move(value));
    overlay_.put(Space::counter, end_key, log_end_record(end));
    return end.number;
}

void Evaluation::hold(const Blob& blob) {
    const Bytes* const found = overlay_.get(Space::blob, blob.id.bytes());
    if (!found) {
        bring_in(blob);
        return;
    }
    auto record = read_blob_record(*found);
    if (!record || record->size_bytes != blob.size_bytes) damaged("the record of a blob is wrong");
    ++record->holders;
    overlay_.put(Space::blob, blob.id.bytes(), write_blob_record(*record));
    // The same bytes were here before: what was uploaded now is not needed.
    const bool is_other = !blob.upload.empty() && blob.upload != record->upload;
    if (is_other && overlay_.get(Space::chunk, pending_key(blob.upload)))
        erase_upload(blob.upload, blob.size_bytes);
}

void Evaluation::bring_in(const Blob& blob) {
    if (blob.upload.empty()) {
        check(blob.bytes && blob.bytes->size() == blob.size_bytes,
              "a blob comes without its bytes");
        overlay_.put(Space::chunk, inline_chunk_key(blob.id), write_chunk(*blob.bytes));
    } else {
        const Bytes pending = pending_key(blob.upload);
        if (!overlay_.get(Space::chunk, pending))
            throw Fault(Fault::Why::unavailable, "the upload was swept before a commit held it");
        overlay_.erase(Space::chunk, pending);
    }
    overlay_.put(Space::blob, blob.id.bytes(),
                 write_blob_record({blob.size_bytes, 1, blob.upload}));
}

void Evaluation::drop(const BlobId& id) {
    const Bytes* const found = overlay_.get(Space::blob, id.bytes());
    auto record = found ? read_blob_record(*found) : std::nullopt;
    if (!record || record->holders == 0) damaged("a change drops a blob that nobody holds");
    if (--record->holders > 0) {
        overlay_.put(Space::blob, id.bytes(), write_blob_record(*record));
        return;
    }
    overlay_.erase(Space::blob, id.bytes());
    if (record->upload.empty())
        overlay_.erase(Space::chunk, inline_chunk_key(id));
    else
        erase_upload(record->upload, record->size_bytes);
}

void Evaluation::erase_upload(std::string_view upload, std::uint64_t size_bytes) {
    overlay_.erase(Space::chunk, pending_key(upload));
    for (std::uint32_t i = 0; i < chunk_count(size_bytes); ++i)
        overlay_.erase(Space::chunk, upload_chunk_key(upload, i));
}

}  // namespace pidge::store
