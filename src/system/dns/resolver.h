// Resolver: asks the DNS. Implementations: libunbound (unbound.h), and a table for tests
// (testing/fake_resolver.h).
//
// Any thread; the answer arrives on the event loop of the coroutine that asked. Names are ASCII
// (A-labels), with or without a dot at the end. Every look-up ends within its deadline (limits.h,
// or the implementation's options) and none throws: trouble is an Answer with the outcome
// `temporary`. The resolver outlives the look-ups of the coroutines that use it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "system/dns/answer.h"
#include "system/dns/mail_exchangers.h"
#include "system/dns/record.h"
#include "system/net/endpoint.h"
#include "system/net/task.h"

namespace pidge::dns {

class Resolver {
 public:
    using Done = std::move_only_function<void(RawAnswer)>;

    virtual ~Resolver() = default;

    // Begins a look-up and does not wait. `done` is called exactly once, on any thread, perhaps
    // before begin() returns; it must not throw.
    virtual void begin(std::string name, Type type, Done done) = 0;

    net::Task<RawAnswer> lookup(std::string name, Type type);
    net::Task<Answer<MxRecord>> mx(std::string name);
    net::Task<Answer<std::string>> txt(std::string name);
    net::Task<Answer<TlsaRecord>> tlsa(
        std::string name);  // "_25._tcp.mx.example.org" (RFC 6698 §3)
    net::Task<Answer<SrvRecord>> srv(std::string name);
    net::Task<Answer<std::string>> cname(std::string name);
    net::Task<Answer<std::string>> ptr(net::Address address);  // the names of an address
    net::Task<Answer<net::Address>> a(std::string name);
    net::Task<Answer<net::Address>> aaaa(std::string name);
    // A and AAAA, asked at the same time; IPv6 first (see join_addresses).
    net::Task<Answer<net::Address>> addresses(std::string name);
};

// One answer from the two of a host. Found when either is; temporary when none is found and one may
// still be. What is known not at all decides nothing about security: else he who suppresses the
// AAAA answer would switch off DANE.
Answer<net::Address> join_addresses(Answer<net::Address> aaaa, Answer<net::Address> a);

// RFC 5321 §5.1 whole: the hosts that take mail for `domain` (an A-label name or an address
// literal), with their addresses, in the order to try them.
net::Task<Route> find_mail_exchangers(Resolver& resolver, std::string domain, Self self,
                                      std::uint64_t seed);

}  // namespace pidge::dns
