#include "formats/dsn/read.h"

#include "base/check.h"
#include "base/text.h"
#include "formats/message/mime_reader.h"
#include "formats/message/verdict.h"

using namespace pidge;

// What others report is read, and what is read can be reported again.
extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string_view in(data, size);
    auto status = dsn::read_status(in);
    if (!status) return 0;
    dsn::Report report;
    report.reporting_mta = status->reporting_mta;
    report.envelope_id = status->envelope_id;
    report.from = *address::parse_mailbox("postmaster@site.example");
    report.to = *address::parse_mailbox("alice@site.example");
    report.message_id = "1@site.example";
    report.recipients = status->recipients;
    for (auto& recipient : report.recipients)
        recipient.last_attempt = recipient.will_retry_until = std::nullopt;
    report.returns = dsn::Return::message;
    report.returned = in;
    const Bytes bytes = dsn::write(report);
    check(text::is_valid_utf8(bytes) || !text::is_valid_utf8(in));
    const auto structure = message::read_structure(bytes);
    check(structure.parts.size() >= 4 || in.empty());
    const auto again = dsn::read_status(structure.find("2")->body.in(bytes));
    check(again && again->recipients.size() == report.recipients.size());
    return 0;
}
