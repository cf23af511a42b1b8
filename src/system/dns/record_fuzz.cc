// Octets of an answer: whatever they are, reading them ends, and what is read is within its limits
// and can be asked for.
#include "base/check.h"
#include "system/dns/limits.h"
#include "system/dns/mail_exchangers.h"
#include "system/dns/name.h"
#include "system/dns/record.h"

using namespace pidge;
using namespace pidge::dns;

namespace {
void check_name(const std::string& name) {
    const auto wire = wire_name(name);
    check(wire && wire->size() <= name_octets_max, "a name that was read can be written");
    check(read_name(*wire) == name, "and reads back");
    check(master_file_name(name).has_value());
}
}  // namespace

// The same octets also make an answer of several records, divided by octets 0xff.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView octets(reinterpret_cast<const char*>(data), size);
    if (const auto name = read_name(octets)) check_name(*name);
    if (const auto mx = read_mx(octets)) check_name(mx->exchange);
    if (const auto srv = read_srv(octets)) check_name(srv->target);
    if (const auto tlsa = read_tlsa(octets)) check(tlsa->data.size() == size - 3);
    if (const auto txt = read_txt(octets)) check(txt->size() < size);
    check(read_a(octets).has_value() == (size == 4));
    check(read_aaaa(octets).has_value() == (size == 16));
    if (const auto text = master_file_name(octets)) check(text->ends_with('.'));

    RawAnswer raw{.outcome = Outcome::found};
    for (ByteView rest = octets; raw.records.size() < records_max;) {
        const auto end = rest.find('\xff');
        raw.records.emplace_back(rest.substr(0, end));
        if (end == ByteView::npos) break;
        rest.remove_prefix(end + 1);
    }
    const Route found =
        route("example.org", read_answer(raw, read_mx), {.names = {"self.example"}}, size);
    check(found.exchangers.size() <= exchangers_max);
    check((found.kind == Route::Kind::hosts) != found.exchangers.empty());
    return 0;
}
