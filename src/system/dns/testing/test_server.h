// TestServer: an authoritative name server on a loopback port, UDP and TCP, that answers from a
// table and misbehaves on demand. It plays the whole tree: a resolver forwards everything to it. It
// runs on a thread of its own until destroyed. All functions may be called on any thread, at any
// time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "system/dns/record.h"
#include "system/net/endpoint.h"

namespace pidge::dns::testing {

enum class Transport : std::uint8_t { udp, tcp };

enum class Trouble : std::uint8_t {
    silence,         // no answer at all
    server_failure,  // SERVFAIL
    refused,         // REFUSED, as a lame server does
    truncated,       // over UDP: TC and no records; TCP works
    cut_off,         // the answer stops in the middle, over UDP and TCP
};

class TestServer {
 public:
    // Makes the octets of an answer from those of a query; nullopt: silence.
    using Answerer = std::function<std::optional<Bytes>(ByteView query, Transport transport)>;

    TestServer();
    ~TestServer();
    TestServer(const TestServer&) = delete;
    net::Endpoint endpoint() const;

    // Adds a record. `type` may be a number that Type does not name. RRSIG records (type 46) are
    // sent along with the type that they cover to whoever asks for DNSSEC.
    TestServer& add(const std::string& name, Type type, Bytes rdata, std::uint32_t ttl_s = 300);
    // A record of the authority section of every answer that has no records, about this name.
    TestServer& add_denial(const std::string& name, const std::string& owner, Type type,
                           Bytes rdata);
    TestServer& trouble(const std::string& name, Trouble trouble);
    TestServer& answer_with(const std::string& name, Answerer answerer);
    std::size_t questions(const std::string& name, Type type) const;

 private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

// The parts of a DNS message, for an Answerer.
struct Question {
    std::uint16_t id = 0;
    std::string name;  // lower case, no dot at the end
    Type type{};
    Bytes octets;  // the question section
    bool wants_dnssec = false;
};
std::optional<Question> read_question(ByteView query);
// The twelve octets of the header of an answer with this many records in its sections.
Bytes answer_header(const Question& question, std::uint8_t rcode, std::uint16_t answers,
                    std::uint16_t authorities = 0, bool truncated = false);
Bytes record(std::string_view owner, Type type, ByteView rdata, std::uint32_t ttl_s = 300);

}  // namespace pidge::dns::testing
