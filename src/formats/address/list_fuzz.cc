#include "formats/address/list.h"

#include "base/check.h"
#include "formats/address/limits.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string_view body(data, size);
    const auto list = address::read_address_list(body);
    check(list.read_octets <= size);
    check(list.mailboxes.size() <= address::list_addresses_max);
    std::size_t end = 0;
    for (const auto& entry : list.mailboxes) {
        check(entry.whole.offset >= end && entry.whole.end() <= size);
        check(entry.addr_spec.offset >= entry.whole.offset);
        check(entry.addr_spec.end() <= entry.whole.end());
        check(entry.phrase.end() <= size);
        end = entry.whole.end();
        // The octets of the span alone are the same address.
        const auto alone = address::read_address_list(entry.addr_spec.in(body));
        check(alone.mailboxes.size() == 1 && alone.mailboxes[0].mailbox == entry.mailbox);
        if (!entry.fits_smtp) continue;
        check(*address::parse_mailbox(entry.mailbox.text()) == entry.mailbox);
    }
    const auto name = address::read_address_list(address::quoted_phrase(body) + " <a@b>");
    check(body.size() > 1000 || name.is_clean());
    return 0;
}
