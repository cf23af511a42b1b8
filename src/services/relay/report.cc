#include "services/relay/report.h"

#include <algorithm>

#include "formats/dsn/limits.h"
#include "formats/dsn/report.h"
#include "services/relay/body.h"

namespace pidge::relay {

namespace {

using queue::Action;
using queue::Report;

dsn::Action action_of(Report::Kind kind, Action action) {
    if (kind == Report::Kind::delay) return dsn::Action::delayed;
    switch (action) {
        case Action::delivered:
            return dsn::Action::delivered;
        case Action::relayed:
            return dsn::Action::relayed;
        case Action::expanded:
            return dsn::Action::expanded;
        case Action::failed:
        case Action::expired:
            break;
    }
    return dsn::Action::failed;
}

// RFC 3464 §2.3.4: it agrees with the action.
EnhancedStatus status_of(Report::Kind kind, const Report::Of& of) {
    const EnhancedStatus& status = of.result.status;
    if (kind == Report::Kind::failure && of.action == Action::expired)
        return {4, 4, 7};  // RFC 3463 §3.5: the delivery time has expired
    const std::uint8_t klass = kind == Report::Kind::failure ? 5
                               : kind == Report::Kind::delay ? 4
                                                             : 2;
    return status.klass == klass ? status : EnhancedStatus{klass, 0, 0};
}

// The reply as it came, after its code.
std::string said(const queue::RecipientResult& result) {
    if (!result.reply_status) return result.text;
    return result.reply_status->text() + (result.text.empty() ? "" : " " + result.text);
}

dsn::RecipientStatus status_of(const Report& report, const Report::Of& of,
                               const ReportContext& context) {
    dsn::RecipientStatus status{.original_recipient = of.recipient.original,
                                .final_recipient = of.recipient.address.text_utf8(),
                                .action = action_of(report.kind, of.action),
                                .status = status_of(report.kind, of),
                                .remote_mta = of.result.remote_host,
                                .reply_code = of.result.reply_code,
                                .diagnostic = said(of.result),
                                .last_attempt = context.now};
    if (report.kind == Report::Kind::delay) status.will_retry_until = context.gives_up;
    return status;
}

net::Task<Bytes> read_beginning(Body& body, std::uint64_t length, std::string_view until) {
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
net::Task<Bytes> returned_part(store::Store& store, const queue::Entry& entry,
                               dsn::Return returns) {
    try {
        auto blob = co_await store.open_blob(entry.body);
        if (!blob) co_return Bytes();
        Body body(entry.trace, std::move(blob));
        if (returns == dsn::Return::message)
            co_return co_await read_beginning(body, body.size_bytes(), {});
        co_return co_await read_beginning(body, dsn::returned_header_octets_max, "\r\n\r\n");
    } catch (const store::Fault& fault) {
        if (fault.why != store::Fault::Why::damaged) throw;
    }
    co_return Bytes();
}

}  // namespace

std::string_view report_name(Report::Kind kind) {
    switch (kind) {
        case Report::Kind::failure:
            return "failure";
        case Report::Kind::delay:
            return "delay";
        case Report::Kind::success:
            return "success";
    }
    return "";
}

net::Task<WrittenReport> write_report(store::Store& store, const queue::Entry& entry,
                                      const Report& report, ReportContext context) {
    // RFC 3461 §4.3: RET speaks of reports of failure only.
    const bool whole = entry.ret == queue::Return::full && !entry.principal.empty() &&
                       report.kind == Report::Kind::failure &&
                       entry.trace.size() + entry.body_bytes <= dsn::returned_message_octets_max;
    dsn::Report about{.reporting_mta = context.own_name,
                      .from = context.from,
                      .to = context.to,
                      .message_id = context.id + "@" + context.own_name,
                      .date = context.now,
                      .envelope_id = entry.envelope_id,
                      .arrival = entry.arrived,
                      .returns = whole ? dsn::Return::message : dsn::Return::header};
    for (const Report::Of& of : report.recipients)
        about.recipients.push_back(status_of(report, of, context));
    about.returned = co_await returned_part(store, entry, about.returns);
    if (about.returned.empty()) about.returns = dsn::Return::nothing;

    const Bytes message = dsn::write(about);
    const auto writer = store.write_blob();
    co_await writer->write(message);
    WrittenReport written;
    written.body = co_await writer->finish();
    written.is_eight_bit =
        std::ranges::any_of(message, [](char c) { return static_cast<unsigned char>(c) > 127; });
    written.needs_smtputf8 = dsn::needs_smtputf8(about);
    co_return written;
}

}  // namespace pidge::relay
