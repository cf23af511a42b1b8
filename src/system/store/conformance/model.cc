#include "system/store/conformance/model.h"

#include "system/store/due_key.h"
#include "system/store/octets.h"

namespace pidge::store::conformance {

namespace {

using Kind = Change::Operation::Kind;

std::map<std::string, Bytes>& uploads() {
    static std::map<std::string, Bytes> all;
    return all;
}

}  // namespace

void remember_upload(const std::string& upload, const Bytes& bytes) {
    uploads()[upload] = bytes;
}

Model::Outcome Model::apply(const Change& change) {
    if (!change.token().empty() && state_.tokens.contains(change.token()))
        return Committed{.replayed = true};
    for (std::size_t i = 0; i < change.checks().size(); ++i) {
        const auto& check = change.checks()[i];
        const auto found = state_.records.find({check.space, check.key});
        const bool is_there = found != state_.records.end();
        const bool holds = check.kind == Change::Check::Kind::absent ? !is_there
                           : check.kind == Change::Check::Kind::present
                               ? is_there
                               : is_there && found->second == check.value;
        if (!holds) return std::unexpected(Conflict{i});
    }
    std::set<Bytes> finished;
    for (const auto& operation : change.operations()) {
        const auto held = leases_.find(operation.key);
        if (operation.kind == Kind::unschedule &&
            (held != leases_.end() || !finished.insert(operation.key).second))
            return std::unexpected(Conflict{change.checks().size()});
        if (operation.kind != Kind::finish) continue;
        if (held == leases_.end() || held->second != operation.lease->fence ||
            !finished.insert(operation.key).second)
            return std::unexpected(Conflict{change.checks().size()});
    }
    State state = state_;
    Committed committed;
    committed.numbers.resize(change.number_count());
    for (const auto& operation : change.operations())
        if (!carry_out(operation, state, committed.numbers)) return std::nullopt;
    if (!change.token().empty()) state.tokens.insert(change.token());
    state_ = std::move(state);
    for (const Bytes& key : finished) leases_.erase(key);
    std::erase_if(leases_, [this](const auto& held) {
        return !state_.records.contains({Space::due, held.first});
    });
    return committed;
}

bool Model::carry_out(const Change::Operation& operation, State& state,
                      std::vector<std::uint64_t>& numbers) {
    const std::pair place(operation.space, operation.key);
    switch (operation.kind) {
        case Kind::put: {
            Bytes key = operation.key, value = operation.value;
            for (const Hole& hole : operation.holes)
                write_u64((hole.in == Hole::In::key ? key : value).data() + hole.offset,
                          numbers.at(hole.number.index));
            state.records[{operation.space, key}] = value;
            return true;
        }
        case Kind::finish:
        case Kind::unschedule:
        case Kind::erase:
            state.records.erase(place);
            return true;
        case Kind::erase_range:
            std::erase_if(state.records, [&](const auto& record) {
                return record.first.first == operation.space &&
                       record.first.second >= operation.key &&
                       (operation.value.empty() || record.first.second < operation.value);
            });
            return true;
        case Kind::add:
        case Kind::next: {
            const auto found = state.records.find(place);
            const std::uint64_t before =
                found == state.records.end() ? 0 : read_u64(found->second.data());
            if (operation.kind == Kind::next) numbers.at(operation.number) = before + 1;
            Bytes after;
            append_u64(after, before + static_cast<std::uint64_t>(operation.delta));
            state.records[place] = after;
            return true;
        }
        case Kind::append:
            state.logs[operation.key].push_back(operation.value);
            numbers.at(operation.number) = state.logs[operation.key].size();
            return true;
        case Kind::hold: {
            Body& body = state.bodies[operation.key];
            ++body.holders;
            body.bytes = operation.blob->bytes ? *operation.blob->bytes
                                               : uploads().at(operation.blob->upload);
            return true;
        }
        case Kind::drop: {
            const auto body = state.bodies.find(operation.key);
            if (body == state.bodies.end()) return false;
            if (--body->second.holders == 0) state.bodies.erase(body);
            return true;
        }
    }
    return false;
}

std::vector<Lease> Model::lease(const DueGroup& group, WallTime now, std::size_t limit) {
    std::vector<Lease> leases;
    for (const auto& [place, value] : state_.records) {
        if (place.first != Space::due || leases_.contains(place.second)) continue;
        const auto read = read_due_key(place.second);
        if (!read || read->group != group || read->due > now || leases.size() == limit) continue;
        leases.push_back({group, read->due, Bytes(read->item), 0});
    }
    return leases;
}

void Model::adopt(const std::vector<Lease>& leases) {
    for (const Lease& lease : leases)
        leases_[due_key(lease.group, lease.due, lease.item)] = lease.fence;
}

void Model::release(const Lease& lease) {
    const auto held = leases_.find(due_key(lease.group, lease.due, lease.item));
    if (held != leases_.end() && held->second == lease.fence) leases_.erase(held);
}

}  // namespace pidge::store::conformance
