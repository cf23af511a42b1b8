// What is read must read back as itself, whatever way it was written.
#include "formats/address/path.h"

#include "base/check.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    for (const auto utf8 : {address::Utf8::refused, address::Utf8::allowed}) {
        std::string_view in(data, size);
        if (const auto path = address::read_forward_path(in, utf8)) {
            const std::string text = path->text();
            std::string_view again = text;
            check(address::read_forward_path(again, utf8)->mailbox == path->mailbox);
            check(again.empty());
            (void)address::key(path->mailbox);
            (void)path->mailbox.text_utf8();
        }
        in = {data, size};
        if (const auto path = address::read_reverse_path(in, utf8)) {
            const std::string text = path->text();
            std::string_view again = text;
            check(address::read_reverse_path(again, utf8)->mailbox == path->mailbox);
        }
        if (const auto domain = address::normal_domain({data, size}, utf8))
            check(*address::normal_domain(address::display_domain(*domain)) == *domain);
    }
    return 0;
}
