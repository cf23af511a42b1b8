#include "formats/dsn/report.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/text.h"
#include "formats/date/date.h"
#include "formats/dsn/explain.h"
#include "formats/dsn/limits.h"
#include "formats/message/encoded_word.h"
#include "formats/message/header_edit.h"
#include "formats/message/limits.h"
#include "formats/unicode/charset.h"

namespace pidge::dsn {

namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t word_octets =
    200;  // a longer run without a space gets one, so that lines can be folded
constexpr std::size_t text_columns = 76;

bool is_ascii(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) > 127; });
}

// Which of the two families of types is written: RFC 3464's or RFC 6533's.
enum class Family : std::uint8_t { ascii, global };

bool is_inner(char c) {  // of a character of several octets
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Foreign text as one printable line.
std::string one_line(std::string_view text, Family family) {
    const std::string shown = text::printable(text, foreign_text_octets_max);
    std::string out;
    for (const char c : shown) {
        if (family == Family::global || static_cast<unsigned char>(c) < 128)
            out += c;
        else if (!is_inner(c))
            out += '?';
    }
    return out;
}

// The same as words, so that it can be folded.
std::string clean(std::string_view text, Family family) {
    std::string out;
    std::size_t run = 0;
    for (const char c : one_line(text, family)) {
        if (run >= word_octets && !is_inner(c)) {
            out += ' ';
            run = 0;
        }
        run = c == ' ' ? 0 : run + 1;
        out += c;
    }
    return out;
}

// A value that must stay as it is: an address, an ENVID. Spaces are part of it, but for those at
// its end, which a field cannot carry.
std::string clean_value(std::string_view text, Family family) {
    std::string out = one_line(text, family);
    if (out.size() > foreign_text_octets_max) {
        std::size_t n = foreign_text_octets_max;
        while (is_inner(out[n])) --n;
        out.resize(n);
    }
    out.resize(out.find_last_not_of(' ') + 1);
    return out.empty() ? "unknown" : out;
}

// A name of a host or message, where spaces do not belong.
std::string clean_name(std::string_view text, Family family) {
    std::string out = clean_value(text, family);
    std::erase(out, ' ');
    return out;
}

// Paragraphs of words, in lines of at most text_columns where words allow.
std::string wrapped(std::string_view paragraph, std::string_view indent) {
    std::string out(indent);
    std::size_t column = indent.size();
    for (const std::string_view word : text::split(paragraph, ' ')) {
        if (word.empty()) continue;
        if (column + 1 + word.size() > text_columns && column > indent.size()) {
            out += crlf;
            out += indent;
            column = indent.size();
        }
        if (column > indent.size()) out += ' ';
        out += word;
        column += word.size() + 1;
    }
    return out + std::string(crlf);
}

struct Words {
    std::string_view subject;
    std::string_view opening;
};

Words words_of(Action action) {
    switch (action) {
        case Action::failed:
            return {"Your message could not be delivered",
                    "Your message could not be delivered to the following recipients, and no "
                    "further attempt will be made."};
        case Action::delayed:
            return {"Your message is delayed",
                    "Your message has not been delivered to the following recipients yet. You need "
                    "not send it again: further attempts are made."};
        case Action::delivered:
            return {"Your message was delivered",
                    "Your message was delivered to the following recipients."};
        case Action::relayed:
            return {
                "Your message was passed on",
                "Your message was passed on to other mail systems for the following recipients."};
        case Action::expanded:
            return {"Your message was sent to a list",
                    "Your message was delivered to the following lists."};
    }
    return {};
}

std::string write_words(const Report& report) {
    const Words words = words_of(report.recipients.front().action);
    std::string out = wrapped(
        fmt::format("This is the mail system at {}.", clean(report.reporting_mta, Family::global)),
        "");
    out += crlf;
    out += wrapped(words.opening, "");
    std::size_t told = 0;
    for (const RecipientStatus& recipient : report.recipients) {
        if (told++ == recipients_in_words_max) {
            out += crlf;
            out += wrapped(
                fmt::format("There are {} more; all of them stand in the next part of this report.",
                            report.recipients.size() - recipients_in_words_max),
                "");
            break;
        }
        const Explanation explanation = explain(recipient.status, recipient.action);
        out += crlf;
        out +=
            "<" + clean_value(recipient.final_recipient, Family::global) + ">" + std::string(crlf);
        out += wrapped(explanation.meaning, "  ");
        out += wrapped("What to do: " + std::string(explanation.advice), "  ");
        if (recipient.will_retry_until && recipient.action == Action::delayed)
            out += wrapped("Attempts go on until " + date::text(*recipient.will_retry_until) + ".",
                           "  ");
        if (recipient.diagnostic.empty()) continue;
        const std::string answer = clean(recipient.diagnostic, Family::global);
        const std::string host =
            recipient.remote_mta.empty() ? "" : clean_name(recipient.remote_mta, Family::global);
        if (recipient.reply_code != 0) {
            out += wrapped(fmt::format("{} said: {} {}", host.empty() ? "The host" : host,
                                       recipient.reply_code, answer),
                           "  ");
            continue;
        }
        out += wrapped("Reason: " + answer, "  ");
        if (!host.empty()) out += wrapped("Host: " + host, "  ");
    }
    return out;
}

// "rfc822;a@b", or "utf-8;…" for what is not ASCII (RFC 6533 §4.1).
std::string typed_address(std::string_view address, Family family) {
    return (is_ascii(address) ? "rfc822;" : "utf-8;") + clean_value(address, family);
}

// RFC 3464 §2.2, §2.3. Fields in the order of its grammar.
std::string write_status(const Report& report, Family family) {
    using message::folded_field;
    std::string out;
    if (!report.envelope_id.empty())
        out += folded_field("Original-Envelope-Id", clean_value(report.envelope_id, family));
    out += folded_field("Reporting-MTA", "dns; " + clean_name(report.reporting_mta, family));
    if (report.arrival) out += folded_field("Arrival-Date", date::text(*report.arrival));
    std::size_t told = 0;
    for (const RecipientStatus& recipient : report.recipients) {
        if (told++ == recipients_max) break;
        out += crlf;
        if (!recipient.original_recipient.empty())
            out += folded_field("Original-Recipient",
                                clean_value(recipient.original_recipient, family));
        out += folded_field("Final-Recipient", typed_address(recipient.final_recipient, family));
        out += folded_field("Action", name_of(recipient.action));
        out += folded_field("Status", recipient.status.text());
        if (!recipient.remote_mta.empty())
            out += folded_field("Remote-MTA", "dns; " + clean_name(recipient.remote_mta, family));
        // RFC 3464 §2.3.6: "smtp" is the type of an SMTP reply, code included; our own words are of
        // another type.
        if (!recipient.diagnostic.empty())
            out += folded_field("Diagnostic-Code",
                                recipient.reply_code == 0
                                    ? "x-pidge; " + clean(recipient.diagnostic, family)
                                    : fmt::format("smtp; {} {}", recipient.reply_code,
                                                  clean(recipient.diagnostic, family)));
        if (recipient.last_attempt)
            out += folded_field("Last-Attempt-Date", date::text(*recipient.last_attempt));
        if (recipient.will_retry_until && recipient.action == Action::delayed)
            out += folded_field("Will-Retry-Until", date::text(*recipient.will_retry_until));
    }
    return out;
}

// The message fits into a message/rfc822 part as it is: no NUL, bare CR or LF, nor a line that is
// too long.
bool can_return_whole(std::string_view octets) {
    if (octets.size() > returned_message_octets_max || octets.contains('\0')) return false;
    for (std::size_t at = 0; at < octets.size();) {
        const std::size_t end = std::min(octets.find(crlf, at), octets.size());
        const std::string_view line = octets.substr(at, end - at);
        if (line.size() > message::line_octets_max || line.find_first_of(crlf) != line.npos)
            return false;
        at = end + crlf.size();
    }
    return true;
}

// The header alone: whole lines, as many as fit, made of valid UTF-8 without control characters,
// long ones cut.
std::string returned_header(std::string_view octets) {
    const std::size_t n = std::min(
        message::header_octets(octets.substr(0, returned_header_octets_max)), octets.size());
    std::string out;
    for (std::size_t at = 0; at < n;) {
        const std::size_t end = std::min(octets.find(crlf, at), n);
        if (end == at || (end == n && n == returned_header_octets_max))
            break;  // blank line, or cut by the limit
        std::string line =
            unicode::without_controls(unicode::repaired_utf8(octets.substr(at, end - at)));
        if (line.size() > message::line_octets_max)
            line = unicode::repaired_utf8(line.substr(0, message::line_octets_max - 3));
        if (line.size() > message::line_octets_max) line.resize(message::line_octets_max - 6);
        out += line;
        out += crlf;
        at = end + crlf.size();
    }
    return out;
}

struct Piece {
    std::string type;
    std::string content;
};

std::string part(const std::string& boundary, const Piece& piece) {
    std::string out = "--" + boundary + "\r\nContent-Type: " + piece.type + "\r\n";
    if (!is_ascii(piece.content)) out += "Content-Transfer-Encoding: 8bit\r\n";
    out += crlf;
    out += piece.content;
    return out + std::string(crlf);
}

// One that stands in none of the pieces. Each try that fails costs its writer some octets, so there
// are few.
std::string choose_boundary(const std::string& message_id, const std::vector<Piece>& pieces) {
    std::uint64_t hash = 14695981039346656037u;
    for (const char c : message_id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    for (;; ++hash) {
        std::string boundary = fmt::format("=_report_{:016x}", hash);
        if (std::none_of(pieces.begin(), pieces.end(),
                         [&](const Piece& piece) { return piece.content.contains(boundary); }))
            return boundary;
    }
}

std::optional<Piece> returned_piece(const Report& report) {
    if (report.returns == Return::nothing || report.returned.empty()) return std::nullopt;
    const std::string_view octets = report.returned;
    if (report.returns == Return::message && can_return_whole(octets)) {
        const bool ascii_header = is_ascii(octets.substr(0, message::header_octets(octets)));
        return Piece{ascii_header ? "message/rfc822" : "message/global", std::string(octets)};
    }
    std::string header = returned_header(octets);
    const std::string type = is_ascii(header) ? "text/rfc822-headers" : "message/global-headers";
    return Piece{type, std::move(header)};
}

std::string header_of(const Report& report, const std::string& boundary, bool has_eight_bit,
                      Family family) {
    using message::folded_field;
    std::string out = folded_field("Date", date::text(report.date));
    out += folded_field("From", "Mail Delivery System <" + report.from.text() + ">");
    out += folded_field("To", "<" + report.to.text() + ">");
    out += folded_field("Subject", words_of(report.recipients.front().action).subject);
    out += folded_field("Message-ID", "<" + clean_name(report.message_id, family) + ">");
    // RFC 3834 §5: what answers by itself must not answer this.
    out += folded_field("Auto-Submitted", "auto-replied");
    out += folded_field("MIME-Version", "1.0");
    out +=
        folded_field("Content-Type", "multipart/report; report-type=delivery-status; boundary=\"" +
                                         boundary + "\"");
    if (has_eight_bit) out += folded_field("Content-Transfer-Encoding", "8bit");
    return out + std::string(crlf);
}

}  // namespace

std::string_view name_of(Action action) {
    static constexpr std::array<std::string_view, 5> names = {"failed", "delayed", "delivered",
                                                              "relayed", "expanded"};
    return names[static_cast<std::size_t>(action)];
}

bool needs_smtputf8(const Report& report) {
    return report.to.needs_smtputf8() || report.from.needs_smtputf8();
}

Bytes write(const Report& report) {
    check(!report.recipients.empty(), "a report about nobody");
    const bool is_global =
        needs_smtputf8(report) || !is_ascii(report.envelope_id) ||
        std::any_of(report.recipients.begin(), report.recipients.end(),
                    [](const RecipientStatus& r) {
                        return !is_ascii(r.final_recipient) || !is_ascii(r.original_recipient);
                    });
    const Family family = is_global ? Family::global : Family::ascii;
    std::vector<Piece> pieces;
    pieces.push_back({"text/plain; charset=utf-8", write_words(report)});
    pieces.push_back({is_global ? "message/global-delivery-status" : "message/delivery-status",
                      write_status(report, family)});
    if (auto returned = returned_piece(report)) pieces.push_back(*std::move(returned));
    const bool has_eight_bit = std::any_of(
        pieces.begin(), pieces.end(), [](const Piece& piece) { return !is_ascii(piece.content); });
    const std::string boundary = choose_boundary(report.message_id, pieces);
    Bytes out = header_of(report, boundary, has_eight_bit, family);
    for (const Piece& piece : pieces) out += part(boundary, piece);
    return out + "--" + boundary + "--\r\n";
}

}  // namespace pidge::dsn
