#include "formats/dsn/read.h"

#include "base/text.h"
#include "formats/date/date.h"
#include "formats/dsn/limits.h"
#include "formats/message/header.h"

namespace pidge::dsn {

namespace {

Refusal bad(std::string text) {
    return {.kind = Refusal::Kind::syntax, .text = std::move(text), .status = {5, 6, 0}};
}

// "dns; host" -> "host".
std::string without_type(std::string_view value) {
    const auto semicolon = value.find(';');
    return std::string(text::trim(semicolon == value.npos ? value : value.substr(semicolon + 1)));
}

// status-code = DIGIT "." 1*3DIGIT "." 1*3DIGIT   (RFC 3463 §2); a comment may follow.
std::optional<EnhancedStatus> read_code(std::string_view value) {
    const auto pieces = text::split(value.substr(0, value.find_first_of(" \t(")), '.');
    if (pieces.size() != 3) return std::nullopt;
    std::array<std::uint64_t, 3> numbers{};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto number = text::parse_u64(pieces[i]);
        if (!number || pieces[i].size() > 3) return std::nullopt;
        numbers[i] = *number;
    }
    if (numbers[0] != 2 && numbers[0] != 4 && numbers[0] != 5) return std::nullopt;
    return EnhancedStatus{static_cast<std::uint8_t>(numbers[0]),
                          static_cast<std::uint16_t>(numbers[1]),
                          static_cast<std::uint16_t>(numbers[2])};
}

std::optional<Action> read_action(std::string_view value) {
    const std::string_view word = value.substr(0, value.find_first_of(" \t("));
    for (const Action action :
         {Action::failed, Action::delayed, Action::delivered, Action::relayed, Action::expanded})
        if (text::iequals(word, name_of(action))) return action;
    return std::nullopt;
}

std::optional<WallTime> read_date(const message::Header& header, std::string_view name) {
    const auto value = header.find_text(name);
    if (!value) return std::nullopt;
    const auto date = date::parse(*value);
    if (!date) return std::nullopt;
    return date->instant;
}

Result<RecipientStatus> read_recipient(const message::Header& header) {
    RecipientStatus out;
    const auto final_recipient = header.find_text("Final-Recipient");
    const auto action = header.find_text("Action");
    const auto status = header.find_text("Status");
    if (!final_recipient || !action || !status)
        return bad("A recipient lacks Final-Recipient, Action or Status.");
    out.final_recipient = without_type(*final_recipient);
    out.original_recipient = header.find_text("Original-Recipient").value_or("");
    const auto known_action = read_action(*action);
    if (!known_action) return bad("The action is none of RFC 3464's.");
    out.action = *known_action;
    const auto code = read_code(*status);
    if (!code) return bad("The status is not one of RFC 3463.");
    out.status = *code;
    if (const auto remote = header.find_text("Remote-MTA")) out.remote_mta = without_type(*remote);
    if (const auto diagnostic = header.find_text("Diagnostic-Code")) {
        out.diagnostic = without_type(*diagnostic);
        const auto reply = text::parse_u64(std::string_view(out.diagnostic).substr(0, 3));
        if (text::istarts_with(*diagnostic, "smtp") && reply && *reply >= 200 && *reply < 600) {
            out.reply_code = static_cast<std::uint16_t>(*reply);
            out.diagnostic = std::string(text::trim(std::string_view(out.diagnostic).substr(3)));
        }
    }
    out.last_attempt = read_date(header, "Last-Attempt-Date");
    out.will_retry_until = read_date(header, "Will-Retry-Until");
    return out;
}

}  // namespace

Result<DeliveryStatus> read_status(std::string_view body) {
    if (body.size() > status_octets_max) return bad("The delivery status is too long.");
    DeliveryStatus out;
    bool is_first = true;
    while (!body.empty() && out.recipients.size() < recipients_max) {
        while (body.starts_with("\r\n")) body.remove_prefix(2);
        if (body.empty()) break;
        const std::size_t n = message::header_octets(body);
        const auto header = message::Header::parse(Bytes(body.substr(0, n)));
        body.remove_prefix(n);
        // Some leave out the fields of the message.
        if (is_first && !header.find("Final-Recipient")) {
            out.reporting_mta = without_type(header.find_text("Reporting-MTA").value_or(""));
            out.envelope_id = header.find_text("Original-Envelope-Id").value_or("");
        } else {
            out.recipients.push_back(TRY(read_recipient(header)));
        }
        is_first = false;
    }
    if (out.recipients.empty()) return bad("The delivery status names no recipient.");
    return out;
}

}  // namespace pidge::dsn
