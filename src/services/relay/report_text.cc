#include "services/relay/report_text.h"

#include <fmt/core.h>

#include "base/text.h"
#include "formats/date/date.h"

namespace pidge::relay {

namespace {

using queue::Action;
using queue::Report;

constexpr std::size_t line_octets = 76;
constexpr std::size_t header_line_octets_max = 998;  // RFC 5322 §2.1.1

// "Name: text" folded at spaces (RFC 5322 §2.2.3); a word that is too long stays whole unless it
// would break the limit of a line.
void add_field(Bytes& out, std::string_view name, std::string_view text) {
    std::size_t column = name.size() + 2;
    out.append(name).append(": ");
    for (bool first = true; !text.empty() || first; first = false) {
        const std::string_view word = text.substr(0, std::min(text.find(' '), std::size_t{900}));
        text.remove_prefix(word.size());
        if (text.starts_with(' ')) text.remove_prefix(1);
        if (!first && column + 1 + word.size() > line_octets) {
            out.append("\r\n");
            column = 0;
        }
        if (!first) out.append(" "), ++column;
        out.append(word);
        column += word.size();
    }
    out.append("\r\n");
}

std::string shown(const ReportContext& context, std::string_view text) {
    return context.is_utf8 ? text::printable(text) : ascii(text);
}

std::string address_text(const ReportContext& context, const address::Mailbox& mailbox) {
    return context.is_utf8 ? mailbox.text_utf8() : ascii(mailbox.text());
}

std::string_view subject(Report::Kind kind) {
    switch (kind) {
        case Report::Kind::failure:
            return "Your message could not be delivered";
        case Report::Kind::delay:
            return "Your message is delayed";
        case Report::Kind::success:
            return "Your message was delivered";
    }
    return "";
}

std::string_view introduction(Report::Kind kind) {
    switch (kind) {
        case Report::Kind::failure:
            return "Your message could not be delivered to the recipients below. It will not be\r\n"
                   "tried again.\r\n";
        case Report::Kind::delay:
            return "Your message has not reached the recipients below yet. There is nothing you\r\n"
                   "need to do: it is tried again by itself. You will hear if it fails for "
                   "good.\r\n";
        case Report::Kind::success:
            return "Your message was delivered to the recipients below, as you asked to be "
                   "told.\r\n";
    }
    return "";
}

// What a person can do, by the subject of the status (RFC 3463 §3).
std::string_view advice(const queue::Report::Of& of) {
    if (of.action == Action::expired)
        return "The other side could not be reached or did not take it for days. Try again "
               "later,\r\n"
               "  or reach the recipient another way.";
    const EnhancedStatus& status = of.result.status;
    if (status.subject == 1) return "Check the address for a mistake in writing.";
    if (status.subject == 2)
        return "The recipient's mailbox cannot take it. Reach the recipient another way.";
    if (status.subject == 3)
        return "The recipient's system cannot take this message; it may be too large for it.";
    if (status.subject == 6)
        return "The message, or an address in it, has a form that the recipient's system does\r\n"
               "  not understand.";
    if (status.subject == 7)
        return "The recipient's system does not want this message. Its reason stands above.";
    return "If you cannot tell why from the reason above, show this report to your postmaster.";
}

std::string reason(const ReportContext& context, const queue::RecipientResult& result) {
    std::string text;
    if (!result.remote_host.empty()) text = shown(context, result.remote_host) + " said: ";
    if (result.reply_code != 0) text += fmt::format("{} ", result.reply_code);
    return text + shown(context, result.text);
}

Bytes explanation(const queue::Entry& entry, const Report& report, const ReportContext& context) {
    Bytes out = fmt::format("This is the mail system of {}.\r\n\r\n{}\r\n", context.own_name,
                            introduction(report.kind));
    for (const Report::Of& of : report.recipients) {
        out += fmt::format("<{}>\r\n", address_text(context, of.recipient.address));
        if (report.kind == Report::Kind::success) {
            if (of.action == Action::relayed)
                out += "  was handed to a mail system that does not report further.\r\n";
            continue;
        }
        Bytes line;
        add_field(line, "  Reason", reason(context, of.result));
        out += line;
        if (report.kind == Report::Kind::failure) out += fmt::format("  {}\r\n", advice(of));
        out += "\r\n";
    }
    out += fmt::format("Your message is known here as {} and arrived on\r\n{}.\r\n",
                       entry.id.message.text(), date::text(entry.arrived));
    if (report.kind == Report::Kind::delay)
        out += fmt::format("If nothing changes it is given up about\r\n{}.\r\n",
                           date::text(context.gives_up));
    return out;
}

std::string_view action_field(Report::Kind kind, Action action) {
    if (kind == Report::Kind::delay) return "delayed";
    switch (action) {
        case Action::delivered:
            return "delivered";
        case Action::relayed:
            return "relayed";
        case Action::failed:
        case Action::expired:
            return "failed";
    }
    return "";
}

// RFC 3464 §2.3.4: agrees with the action.
std::string status_field(Report::Kind kind, const Report::Of& of) {
    const EnhancedStatus& status = of.result.status;
    if (kind == Report::Kind::success) return status.klass == 2 ? status.text() : "2.0.0";
    if (kind == Report::Kind::delay) return status.klass == 4 ? status.text() : "4.0.0";
    if (of.action == Action::expired) return "4.4.7";  // RFC 3463 §3.5: delivery time expired
    return status.klass == 5 ? status.text() : "5.0.0";
}

// RFC 3464 §2.3, RFC 6533 §3
void add_recipient(Bytes& out, const Report& report, const Report::Of& of,
                   const ReportContext& context) {
    out += "\r\n";
    if (!of.recipient.original.empty())
        add_field(out, "Original-Recipient", shown(context, of.recipient.original));
    const bool is_utf8 = context.is_utf8 && of.recipient.address.needs_smtputf8();
    add_field(out, "Final-Recipient",
              (is_utf8 ? "utf-8;" : "rfc822;") + address_text(context, of.recipient.address));
    add_field(out, "Action", action_field(report.kind, of.action));
    add_field(out, "Status", status_field(report.kind, of));
    if (!of.result.remote_host.empty())
        add_field(out, "Remote-MTA", "dns; " + ascii(of.result.remote_host));
    if (of.result.reply_code != 0)
        add_field(out, "Diagnostic-Code",
                  fmt::format("smtp; {} {}", of.result.reply_code, ascii(of.result.text)));
    add_field(out, "Last-Attempt-Date", date::text(context.now));
    if (report.kind == Report::Kind::delay)
        add_field(out, "Will-Retry-Until", date::text(context.gives_up));
}

Bytes status_part(const queue::Entry& entry, const Report& report, const ReportContext& context) {
    Bytes out;
    if (!entry.envelope_id.empty())
        add_field(out, "Original-Envelope-Id", ascii(entry.envelope_id));
    add_field(out, "Reporting-MTA", "dns; " + context.own_name);
    add_field(out, "Arrival-Date", date::text(entry.arrived));
    for (const Report::Of& of : report.recipients) add_recipient(out, report, of, context);
    return out;
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

std::string ascii(std::string_view text) {
    std::string out;
    for (const char c : text::printable(text)) {
        if (static_cast<unsigned char>(c) < 128)
            out.push_back(c);
        else
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

Bytes report_head(const queue::Entry& entry, const Report& report, const ReportContext& context,
                  std::string_view boundary, Returned returned) {
    Bytes out;
    add_field(out, "Date", date::text(context.now));
    add_field(out, "From", fmt::format("Mail System <{}>", context.from.text()));
    add_field(out, "To",
              fmt::format("<{}>", context.is_utf8 ? context.to.text_utf8() : context.to.text()));
    add_field(out, "Subject", subject(report.kind));
    add_field(out, "Message-ID", fmt::format("<{}@{}>", context.id, context.own_name));
    // RFC 3834 §5.1: nobody answers it by itself.
    out += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
    out += fmt::format(
        "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{}\"\r\n\r\n",
        boundary);

    const std::string_view text_type = context.is_utf8 ? "utf-8" : "us-ascii";
    const std::string_view eight_bit = context.is_utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "";
    out += fmt::format("--{}\r\nContent-Type: text/plain; charset={}\r\n{}\r\n{}\r\n", boundary,
                       text_type, eight_bit, explanation(entry, report, context));
    // RFC 6533 §4: the types of what may hold UTF-8.
    out += fmt::format("--{}\r\nContent-Type: message/{}\r\n{}\r\n{}\r\n", boundary,
                       context.is_utf8 ? "global-delivery-status" : "delivery-status", eight_bit,
                       status_part(entry, report, context));
    const std::string_view type =
        returned == Returned::message
            ? (context.is_utf8 ? "message/global" : "message/rfc822")
            : (context.is_utf8 ? "message/global-headers" : "text/rfc822-headers");
    out += fmt::format("--{}\r\nContent-Type: {}\r\n", boundary, type);
    return out;
}

Bytes report_tail(std::string_view boundary) {
    return fmt::format("\r\n--{}--\r\n", boundary);
}

Bytes header_block(std::string_view bytes) {
    Bytes out;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find("\r\n");
        if (end == 0 || end == std::string_view::npos) break;
        out.append(bytes.substr(0, std::min(end, header_line_octets_max))).append("\r\n");
        bytes.remove_prefix(end + 2);
    }
    return out;
}

}  // namespace pidge::relay
