#include "simulation/files/expected.h"

#include <fmt/format.h>

#include "base/text.h"
#include "system/store/due_key.h"
#include "system/store/log_entry.h"
#include "system/store/octets.h"

namespace pidge::simulation {

using store::Space;

namespace {

Bytes octets_of(std::uint64_t number) {
    Bytes octets;
    for (int shift = 56; shift >= 0; shift -= 8) octets += static_cast<char>(number >> shift);
    return octets;
}

Bytes some_octets(std::size_t size, Chance& chance) {
    Bytes octets;
    while (octets.size() < size) octets += octets_of(chance.next());
    octets.resize(size);
    return octets;
}

store::DueGroup group_of(std::uint64_t number) {
    return {{'g', static_cast<std::uint8_t>(number % 3)}};
}

WallTime due_of(std::uint64_t number) {
    return WallTime(std::chrono::seconds(1'795'000'000 + number * 7919 % 1000));
}

constexpr std::string_view log = "log";
constexpr std::string_view last = "last";

}  // namespace

net::Task<std::uint64_t> commits_in(store::Store& store) {
    const auto value = co_await store.get(Space::meta, Bytes(last));
    co_return value ? store::read_u64(value->data()) : 0;
}

net::Task<std::shared_ptr<Expected::Step>> Expected::next(store::Store& store,
                                                          Chance& chance) const {
    auto step = std::make_shared<Step>(Step{.change = {},
                                            .records = records_,
                                            .bodies = bodies_,
                                            .holders = holders_,
                                            .commits = commits_ + 1,
                                            .sum = sum_});
    const Bytes key = octets_of(step->commits);
    store::Change& change = step->change;
    change.put(Space::meta, Bytes(last), key);
    const Bytes value =
        some_octets(chance.one_in(20) ? chance.between(4000, 40'000) : chance.below(600), chance);
    change.put(Space::queue, key, value);
    step->records[{Space::queue, key}] = value;
    if (chance.one_in(3)) {
        const auto victim =
            step->records.lower_bound({Space::queue, octets_of(chance.below(step->commits + 1))});
        change.erase(Space::queue, victim->first.second);
        step->records.erase(victim);
    }
    change.append(std::string(log), fmt::format("entry {}", step->commits));
    change.schedule(group_of(step->commits), due_of(step->commits), key);
    if (chance.one_in(2) && step->commits > 1) {
        const std::uint64_t before = step->commits - 1;
        change.erase(Space::due,
                     store::due_key(group_of(before), due_of(before), octets_of(before)));
        step->records.erase(
            {Space::due, store::due_key(group_of(before), due_of(before), octets_of(before))});
    }
    step->records[{Space::due,
                   store::due_key(group_of(step->commits), due_of(step->commits), key)}] = "";
    const auto delta = static_cast<std::int64_t>(chance.below(1000));
    change.add(Space::counter, "sum", delta);
    step->sum += delta;
    if (chance.one_in(8)) {
        const std::size_t size =
            chance.one_in(3) ? chance.between(70'000, 400'000) : chance.below(30'000);
        const auto body = std::make_shared<const Bytes>(key + some_octets(size, chance));
        const auto writer = store.write_blob();
        co_await writer->write(*body);
        store::Blob blob = co_await writer->finish();
        change.put(Space::message, key, Bytes(blob.id.bytes()));
        step->bodies[Bytes(blob.id.bytes())] = body;
        step->holders[key] = Bytes(blob.id.bytes());
        change.hold(std::move(blob));
    }
    if (chance.one_in(10) && !holders_.empty()) {
        auto holder = step->holders.begin();
        std::advance(holder, chance.below(holders_.size()));
        change.erase(Space::message, holder->first);
        change.drop(*store::BlobId::from_bytes(holder->second));
        step->bodies.erase(holder->second);
        step->holders.erase(holder);
    }
    co_return step;
}

void Expected::advance(const Step& step) {
    records_ = step.records;
    bodies_ = step.bodies;
    holders_ = step.holders;
    commits_ = step.commits;
    sum_ = step.sum;
}

net::Task<std::optional<std::string>> Expected::compare(store::Store& store) const {
    std::map<std::pair<Space, Bytes>, Bytes> records;
    for (const Space space : {Space::queue, Space::due})
        for (store::Item& item : co_await store.scan(space, {}))
            records[{space, item.key}] = std::move(item.value);
    if (records != records_)
        co_return fmt::format("{} records where {} should be, or others", records.size(),
                              records_.size());
    const auto sum = co_await store.get(Space::counter, "sum");
    if ((sum ? store::read_u64(sum->data()) : 0) != static_cast<std::uint64_t>(sum_))
        co_return "the counter is wrong";
    store::LogEnd end;
    for (const store::Item& item : co_await store.scan(Space::audit, {})) {
        const auto value = store::read_log_value(item.value);
        const std::uint64_t number = end.number + 1;
        const std::string text = fmt::format("entry {}", number);
        if (store::log_number(item.key) != number || !value || value->entry != text ||
            value->chain != store::next_chain(end.chain, number, text))
            co_return fmt::format("entry {} of the log is wrong", number);
        end = {number, value->chain};
    }
    if (end.number != commits_)
        co_return fmt::format("the log has {} entries after {} commits", end.number, commits_);
    std::map<Bytes, Bytes> holders;
    for (store::Item& item : co_await store.scan(Space::message, {}))
        holders[item.key] = std::move(item.value);
    if (holders != holders_) co_return "the holders of bodies are wrong";
    const auto bodies = co_await store.scan(Space::blob, {});
    if (bodies.size() != bodies_.size())
        co_return fmt::format("{} bodies where {} should be", bodies.size(), bodies_.size());
    for (const auto& [id, octets] : bodies_) {
        const auto reader = co_await store.open_blob(*store::BlobId::from_bytes(id));
        if (!reader || reader->size_bytes() != octets->size())
            co_return fmt::format("body {} is not there", text::hex(id));
        const Bytes read = co_await reader->read(0, octets->size());
        if (read != *octets) co_return fmt::format("body {} is wrong", text::hex(id));
    }
    co_return std::nullopt;
}

}  // namespace pidge::simulation
