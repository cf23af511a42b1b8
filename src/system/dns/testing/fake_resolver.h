// FakeResolver: answers from a table, at once, for unit tests of whoever uses a Resolver. A name
// that was never mentioned does not exist; one that was has no data of the types that were not set.
// CNAMEs are followed.
//
//   dns::testing::FakeResolver dns;
//   dns.mx("example.org", {{10, "mx.example.org"}}).a("mx.example.org", "192.0.2.1");
//   dns.trouble("broken.example", dns::Type::mx);
// Any thread.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "system/dns/resolver.h"

namespace pidge::dns::testing {

class FakeResolver final : public Resolver {
 public:
    void begin(std::string name, Type type, Done done) override;

    FakeResolver& mx(const std::string& name, const std::vector<MxRecord>& records);
    FakeResolver& null_mx(const std::string& name) { return mx(name, {{0, ""}}); }
    FakeResolver& a(const std::string& name,
                    const std::string& address);  // adds one; IPv6 becomes AAAA
    FakeResolver& txt(const std::string& name, const std::string& text);  // adds one
    FakeResolver& ptr(const std::string& address, const std::string& name);
    FakeResolver& tlsa(const std::string& name, const TlsaRecord& record);
    FakeResolver& cname(const std::string& name, const std::string& target);
    FakeResolver& raw(const std::string& name, Type type, Bytes rdata);
    FakeResolver& exists(const std::string& name);  // without records
    // Answers about this name and type are temporary failures until `recover`.
    FakeResolver& trouble(const std::string& name, Type type, std::string why = "SERVFAIL");
    FakeResolver& recover(const std::string& name, Type type);
    FakeResolver& secure(const std::string& name);  // answers about it are validated
    FakeResolver& forget(const std::string& name);  // it does not exist any more

    std::size_t questions(const std::string& name, Type type) const;  // asked so far

 private:
    RawAnswer answer(std::string name, Type type) const;

    using Question = std::pair<std::string, Type>;
    mutable std::mutex mutex_;
    std::map<std::string, std::map<Type, std::vector<Bytes>>> zone_;
    std::map<Question, std::string> trouble_;
    std::map<Question, std::size_t> asked_;
    std::set<std::string> secure_;
};

}  // namespace pidge::dns::testing
