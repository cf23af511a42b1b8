#include "protocols/smtp/client/envelope_lines.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "protocols/smtp/wire/xtext.h"

namespace pidge::smtp {
namespace {

// An address that came in through the parser has none of these; no other may get out (attacks.md
// G1, G7).
std::string finished(std::string line) {
    for (const char c : line) check(!text::is_control(c), "no control characters in a command");
    return line + "\r\n";
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c < 128; });
}

// RFC 3461 §4.2, RFC 6533 §3: "type;address". What was queued as rfc822 although it is not ASCII is
// refused by others (501).
std::string encode_original_recipient(std::string_view recipient) {
    const std::size_t semicolon = recipient.find(';');
    if (semicolon == std::string_view::npos) return {};
    const std::string_view address = recipient.substr(semicolon + 1);
    std::string_view type = recipient.substr(0, semicolon);
    if (text::iequals(type, "rfc822") && !is_ascii(address)) type = "utf-8";
    const std::string encoded =
        text::iequals(type, "utf-8") ? encode_utf8_address(address) : encode_xtext(address);
    return std::string(type) + ";" + encoded;
}

std::string notify_value(const RcptTo::Notify& notify) {
    std::vector<std::string> words;
    if (notify.success) words.emplace_back("SUCCESS");
    if (notify.failure) words.emplace_back("FAILURE");
    if (notify.delay) words.emplace_back("DELAY");
    return words.empty() ? "NEVER" : text::join(words, ",");
}

}  // namespace

std::string mail_line(const MailFrom& from, const Capabilities& capabilities,
                      std::uint64_t size_octets) {
    std::string line = "MAIL FROM:<" + (from.sender ? from.sender->text() : "") + ">";
    if (capabilities.size) line += " SIZE=" + std::to_string(size_octets);
    if (from.body == BodyType::binary)
        line += " BODY=BINARYMIME";
    else if (from.body == BodyType::eight_bit && capabilities.eight_bit)
        line += " BODY=8BITMIME";
    if (from.smtputf8) line += " SMTPUTF8";
    if (capabilities.dsn) {
        if (from.ret == MailFrom::Return::full) line += " RET=FULL";
        if (from.ret == MailFrom::Return::headers) line += " RET=HDRS";
        if (!from.envelope_id.empty()) line += " ENVID=" + encode_xtext(from.envelope_id);
    }
    return finished(std::move(line));
}

std::string rcpt_line(const RcptTo& to, const Capabilities& capabilities) {
    const std::string address =
        to.recipient.domain.empty() ? to.recipient.local_part : to.recipient.text();
    std::string line = "RCPT TO:<" + address + ">";
    if (capabilities.dsn) {
        if (to.notify.is_given) line += " NOTIFY=" + notify_value(to.notify);
        const std::string original = encode_original_recipient(to.original_recipient);
        if (!original.empty()) line += " ORCPT=" + original;
    }
    return finished(std::move(line));
}

}  // namespace pidge::smtp
