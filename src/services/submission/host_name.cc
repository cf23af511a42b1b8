#include "services/submission/host_name.h"

#include <algorithm>

#include "mail/policy/refusals.h"

namespace pidge::submission {

namespace {

// RFC 7208 §5.5 looks at ten names of an address too; more is no name.
constexpr std::size_t names_max = 10;

}  // namespace

net::Task<Result<void>> check_host_name(dns::Resolver& resolver, net::Address address) {
    using policy::Code;
    const auto names = co_await resolver.ptr(address);
    if (names.outcome == dns::Outcome::temporary) co_return policy::refuse(Code::host_name_unknown);
    bool is_sure = true;
    const std::size_t count = std::min(names.records.size(), names_max);
    for (std::size_t i = 0; i < count; ++i) {
        const auto back = address.is_v6() ? co_await resolver.aaaa(names.records[i])
                                          : co_await resolver.a(names.records[i]);
        if (std::ranges::find(back.records, address) != back.records.end())
            co_return Result<void>{};
        is_sure = is_sure && back.outcome != dns::Outcome::temporary;
    }
    co_return policy::refuse(is_sure ? Code::host_unnamed : Code::host_name_unknown,
                             address.text() + ".");
}

}  // namespace pidge::submission
