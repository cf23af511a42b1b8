// Any octets are a record or are not; the places of one that is can be written and read again.
#include "base/check.h"
#include "formats/tlsrpt/record.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string text(data, size);
    (void)tlsrpt::find_places({text, text.substr(size / 2)});
    for (const tlsrpt::Place& place : tlsrpt::find_places({text})) {
        if (place.kind == tlsrpt::Place::Kind::mail) {
            check(address::parse_mailbox(place.mailbox.text()).has_value());
            continue;
        }
        const std::string uri = place.text();
        if (uri.find_first_of(",;") != std::string::npos) continue;
        const auto again = tlsrpt::find_places({"v=TLSRPTv1; rua=" + uri});
        check(again.size() == 1 && again[0] == place, "a place reads back from its text");
    }
    return 0;
}
