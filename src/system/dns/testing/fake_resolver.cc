#include "system/dns/testing/fake_resolver.h"

#include "base/text.h"
#include "system/dns/name.h"
#include "system/dns/testing/rdata.h"

namespace pidge::dns::testing {

namespace {
std::string key_of(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return text::to_lower(name);
}
constexpr int chain_max = 10;
}  // namespace

void FakeResolver::begin(std::string name, Type type, Done done) {
    RawAnswer found;
    {
        const std::lock_guard lock(mutex_);
        ++asked_[{key_of(name), type}];
        found = answer(key_of(name), type);
    }
    done(std::move(found));
}

RawAnswer FakeResolver::answer(std::string name, Type type) const {
    if (!wire_name(name)) return {.outcome = Outcome::no_name};
    RawAnswer answer{.secure = secure_.contains(name), .ttl_s = 300};
    for (int step = 0; step < chain_max; ++step) {
        if (const auto why = trouble_.find({name, type}); why != trouble_.end())
            return {.outcome = Outcome::temporary, .text = why->second};
        const auto node = zone_.find(name);
        answer.secure = answer.secure && secure_.contains(name);
        if (node == zone_.end()) {
            answer.outcome = Outcome::no_name;
            return answer;
        }
        if (const auto records = node->second.find(type); records != node->second.end()) {
            answer.outcome = Outcome::found;
            answer.records = records->second;
            return answer;
        }
        const auto alias = node->second.find(Type::cname);
        if (alias == node->second.end()) {
            answer.outcome = Outcome::no_data;
            return answer;
        }
        name = read_name(alias->second.front()).value_or("");
        answer.canonical_name = name;
    }
    return {.outcome = Outcome::temporary, .text = "the chain of CNAME records has no end"};
}

FakeResolver& FakeResolver::raw(const std::string& name, Type type, Bytes rdata) {
    const std::lock_guard lock(mutex_);
    zone_[key_of(name)][type].push_back(std::move(rdata));
    return *this;
}

FakeResolver& FakeResolver::mx(const std::string& name, const std::vector<MxRecord>& records) {
    for (const MxRecord& record : records)
        raw(name, Type::mx, mx_rdata(record.preference, record.exchange));
    return *this;
}

FakeResolver& FakeResolver::a(const std::string& name, const std::string& address) {
    const Bytes rdata = address_rdata(address);
    return raw(name, rdata.size() == 4 ? Type::a : Type::aaaa, rdata);
}

FakeResolver& FakeResolver::txt(const std::string& name, const std::string& text) {
    return raw(name, Type::txt, txt_rdata(text));
}

FakeResolver& FakeResolver::ptr(const std::string& address, const std::string& name) {
    const auto parsed = net::Address::parse(address);
    return raw(reverse_name(parsed.value_or(net::Address())), Type::ptr, name_rdata(name));
}

FakeResolver& FakeResolver::tlsa(const std::string& name, const TlsaRecord& record) {
    return raw(name, Type::tlsa, tlsa_rdata(record));
}

FakeResolver& FakeResolver::cname(const std::string& name, const std::string& target) {
    return raw(name, Type::cname, name_rdata(target));
}

FakeResolver& FakeResolver::exists(const std::string& name) {
    const std::lock_guard lock(mutex_);
    zone_[key_of(name)];
    return *this;
}

FakeResolver& FakeResolver::trouble(const std::string& name, Type type, std::string why) {
    const std::lock_guard lock(mutex_);
    trouble_[{key_of(name), type}] = std::move(why);
    return *this;
}

FakeResolver& FakeResolver::recover(const std::string& name, Type type) {
    const std::lock_guard lock(mutex_);
    trouble_.erase({key_of(name), type});
    return *this;
}

FakeResolver& FakeResolver::secure(const std::string& name) {
    const std::lock_guard lock(mutex_);
    secure_.insert(key_of(name));
    return *this;
}

FakeResolver& FakeResolver::forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    zone_.erase(key_of(name));
    return *this;
}

std::size_t FakeResolver::questions(const std::string& name, Type type) const {
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find({key_of(name), type});
    return found == asked_.end() ? 0 : found->second;
}

}  // namespace pidge::dns::testing
