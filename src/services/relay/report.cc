#include "services/relay/report.h"

#include <algorithm>

#include "base/random.h"
#include "base/text.h"
#include "services/relay/body.h"
#include "services/relay/limits.h"
#include "services/relay/report_text.h"

namespace pidge::relay {

namespace {

std::string make_boundary() {
    std::string bytes;
    for (int i = 0; i < 2; ++i) {
        const std::uint64_t random = random_u64();
        bytes.append(reinterpret_cast<const char*>(&random), sizeof random);
    }
    return "=_" + text::hex(bytes);
}

bool has_eight_bit(std::string_view bytes) {
    return std::ranges::any_of(bytes, [](char c) { return static_cast<unsigned char>(c) > 127; });
}

net::Task<Bytes> read_beginning(Body& body, std::size_t length, std::string_view until) {
    Bytes beginning;
    while (beginning.size() < length) {
        const Bytes more = co_await body.next();
        if (more.empty()) break;
        beginning += more;
        if (!until.empty() && beginning.find(until) != Bytes::npos) break;
    }
    if (beginning.size() > length) beginning.resize(length);
    co_return beginning;
}

// What is given back of the message; empty when it cannot be read: the report goes out all the
// same.
net::Task<Bytes> returned_part(store::Store& store, const queue::Entry& entry, Returned returned) {
    try {
        auto blob = co_await store.open_blob(entry.body);
        if (!blob) co_return Bytes();
        Body body(entry.trace, std::move(blob));
        if (returned == Returned::message)
            co_return co_await read_beginning(body, body.size_bytes(), {});
        const Bytes beginning =
            co_await read_beginning(body, limits::returned_header_octets, "\r\n\r\n");
        co_return header_block(beginning);
    } catch (const store::Fault& fault) {
        if (fault.why != store::Fault::Why::damaged) throw;
    }
    co_return Bytes();
}

}  // namespace

net::Task<WrittenReport> write_report(store::Store& store, const queue::Entry& entry,
                                      const queue::Report& report, ReportContext context) {
    const bool whole = entry.return_full && !entry.principal.empty() &&
                       report.kind == queue::Report::Kind::failure &&
                       entry.body_bytes <= limits::returned_message_octets;
    const Returned returned = whole ? Returned::message : Returned::header;
    const Bytes part = co_await returned_part(store, entry, returned);
    const std::string boundary = make_boundary();
    Bytes message = report_head(entry, report, context, boundary, returned);
    const bool is_part_eight_bit = has_eight_bit(part);
    if (is_part_eight_bit) message += "Content-Transfer-Encoding: 8bit\r\n";
    message.append("\r\n").append(part).append(report_tail(boundary));

    const auto writer = store.write_blob();
    co_await writer->write(message);
    WrittenReport written{.is_eight_bit = context.is_utf8 || is_part_eight_bit};
    written.body = co_await writer->finish();
    co_return written;
}

}  // namespace pidge::relay
