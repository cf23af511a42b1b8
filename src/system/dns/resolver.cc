#include "system/dns/resolver.h"

#include "base/text.h"
#include "system/dns/limits.h"
#include "system/dns/name.h"
#include "system/net/completion.h"

namespace pidge::dns {

namespace {

using Pending = std::shared_ptr<net::Completion<RawAnswer>>;

Pending ask(Resolver& resolver, std::string name, Type type) {
    auto pending = std::make_shared<net::Completion<RawAnswer>>();
    resolver.begin(std::move(name), type,
                   [pending](RawAnswer answer) { pending->complete(std::move(answer)); });
    return pending;
}

template <typename Record>
net::Task<Answer<Record>> typed(Resolver& resolver, std::string name, Type type,
                                std::optional<Record> (*read)(ByteView)) {
    const Pending pending = ask(resolver, std::move(name), type);
    const RawAnswer raw = co_await pending->wait();
    co_return read_answer(raw, read);
}

struct PendingAddresses {
    Pending aaaa, a;

    PendingAddresses(Resolver& resolver, const std::string& name)
        : aaaa(ask(resolver, name, Type::aaaa)), a(ask(resolver, name, Type::a)) {}

    net::Task<Answer<net::Address>> wait() const {
        const RawAnswer six = co_await aaaa->wait();
        const RawAnswer four = co_await a->wait();
        co_return join_addresses(read_answer(six, read_aaaa), read_answer(four, read_a));
    }
};

}  // namespace

net::Task<RawAnswer> Resolver::lookup(std::string name, Type type) {
    const Pending pending = ask(*this, std::move(name), type);
    co_return co_await pending->wait();
}

net::Task<Answer<MxRecord>> Resolver::mx(std::string name) {
    return typed(*this, std::move(name), Type::mx, read_mx);
}

net::Task<Answer<std::string>> Resolver::txt(std::string name) {
    return typed(*this, std::move(name), Type::txt, read_txt);
}

net::Task<Answer<TlsaRecord>> Resolver::tlsa(std::string name) {
    return typed(*this, std::move(name), Type::tlsa, read_tlsa);
}

net::Task<Answer<SrvRecord>> Resolver::srv(std::string name) {
    return typed(*this, std::move(name), Type::srv, read_srv);
}

net::Task<Answer<std::string>> Resolver::cname(std::string name) {
    return typed(*this, std::move(name), Type::cname, read_name);
}

net::Task<Answer<std::string>> Resolver::ptr(net::Address address) {
    return typed(*this, reverse_name(address), Type::ptr, read_name);
}

net::Task<Answer<net::Address>> Resolver::a(std::string name) {
    return typed(*this, std::move(name), Type::a, read_a);
}

net::Task<Answer<net::Address>> Resolver::aaaa(std::string name) {
    return typed(*this, std::move(name), Type::aaaa, read_aaaa);
}

net::Task<Answer<net::Address>> Resolver::addresses(std::string name) {
    const PendingAddresses pending(*this, name);
    co_return co_await pending.wait();
}

Answer<net::Address> join_addresses(Answer<net::Address> aaaa, Answer<net::Address> a) {
    if (a.is_temporary() && !aaaa.is_found()) return a;
    if (aaaa.is_temporary() && !a.is_found()) return aaaa;
    if (a.is_temporary()) return aaaa;
    if (aaaa.is_temporary()) return a;

    // Where the two contradict each other about the name (RFC 8020), it is there.
    Answer<net::Address> joined{
        .outcome = a.is_found() || aaaa.is_found() ? Outcome::found
                   : a.outcome == Outcome::no_name && aaaa.outcome == Outcome::no_name
                       ? Outcome::no_name
                       : Outcome::no_data,
        .records = std::move(aaaa.records),
        .secure = aaaa.secure && a.secure,
        .ttl_s = std::min(aaaa.ttl_s, a.ttl_s),
        .canonical_name = aaaa.canonical_name.empty() ? a.canonical_name : aaaa.canonical_name};
    joined.records.insert(joined.records.end(), a.records.begin(), a.records.end());
    if (joined.records.size() > addresses_max) joined.records.resize(addresses_max);
    return joined;
}

net::Task<Route> find_mail_exchangers(Resolver& resolver, std::string domain, Self self,
                                      std::uint64_t seed) {
    if (auto literal = route_of_literal(domain, self)) co_return *std::move(literal);

    const Answer<MxRecord> mx = co_await resolver.mx(domain);
    Route found = route(domain, mx, self, seed);
    if (found.kind != Route::Kind::hosts) co_return found;

    std::vector<PendingAddresses> pending;
    pending.reserve(found.exchangers.size());
    for (const Exchanger& exchanger : found.exchangers)
        pending.emplace_back(resolver, exchanger.host);
    for (std::size_t i = 0; i < pending.size(); ++i)
        found.exchangers[i].addresses = co_await pending[i].wait();
    co_return settle(domain, std::move(found), self);
}

}  // namespace pidge::dns
