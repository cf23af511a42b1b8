// The resolver that the program uses: libunbound, which resolves from the root by itself (or
// through a site's own resolvers), keeps a cache and validates DNSSEC. One for the whole process.
// libunbound works on a thread of its own; a second thread of ours hands answers back and watches
// the deadlines.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "system/dns/limits.h"
#include "system/dns/resolver.h"
#include "system/net/endpoint.h"

namespace pidge::dns {

enum class Validation : std::uint8_t {
    on,
    off,  // every answer is insecure: no DANE
};

// A part of the tree that particular servers answer for, whatever the root says: a site's internal
// zone.
struct StubZone {
    std::string name;
    std::vector<net::Endpoint> servers;  // authoritative
};

struct UnboundOptions {
    // Resolvers to send everything to. Empty: resolve from the root.
    std::vector<net::Endpoint> forward_to;
    std::vector<StubZone> stub_zones;
    std::string root_hints_file;  // empty: those that libunbound knows
    Validation validation = Validation::on;
    // DS or DNSKEY records in the form of a zone file. The default is the root zone's keys of 2017
    // and 2024.
    std::vector<std::string> trust_anchors = {
        ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"};
    std::string trust_anchor_file;            // further ones, as resolvers keep them; may be empty
    std::vector<std::string> insecure_zones;  // not validated: internal zones below a signed parent
    std::chrono::milliseconds deadline = lookup_deadline;
    // A look-up beyond these is answered `temporary` at once.
    std::size_t outstanding = outstanding_max;
    std::size_t cache_bytes = 16 << 20;
};

// Refuses options that libunbound does not accept, among them unreadable files.
Result<std::unique_ptr<Resolver>> make_unbound_resolver(UnboundOptions options);

}  // namespace pidge::dns
