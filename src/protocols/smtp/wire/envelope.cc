#include "protocols/smtp/wire/envelope.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "formats/address/path.h"
#include "protocols/smtp/limits.h"
#include "protocols/smtp/wire/command.h"
#include "protocols/smtp/wire/xtext.h"

namespace pidge::smtp {
namespace {

bool is_ascii(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) > 127) return false;
    return true;
}

Refusal unknown_parameter() {
    return {.kind = Refusal::Kind::unsupported,
            .text = "A parameter is not supported here",
            .status = {5, 5, 4},
            .reply_code = 555};
}

// RFC 6531 §3.2: an address beyond ASCII is for transactions with SMTPUTF8.
Refusal needs_smtputf8() {
    return {.kind = Refusal::Kind::syntax,
            .text = "An address beyond ASCII needs SMTPUTF8",
            .status = {5, 6, 7},
            .reply_code = 550};
}

// "FROM:" or "TO:" and white space after it.
// Deviation (RFC 5321 §3.3): no space may follow the colon, but many old clients write one.
bool skip_keyword(std::string_view& in, std::string_view keyword) {
    if (!text::istarts_with(in, keyword)) return false;
    in.remove_prefix(keyword.size());
    while (in.starts_with(' ')) in.remove_prefix(1);
    return true;
}

// The rest after a path: nothing, or a space and parameters.
Result<std::vector<Parameter>> parse_rest(std::string_view in) {
    if (!in.empty() && in[0] != ' ')
        return bad_argument("A space must stand between address and parameters");
    return parse_parameters(in);
}

Result<void> read_size(const Parameter& parameter, MailFrom& from) {
    // size-value = 1*20DIGIT   (RFC 1870 §4): what fits into no number is larger than any limit.
    const std::string_view value = parameter.value.value_or("");
    if (value.empty() || value.size() > 20 || !std::ranges::all_of(value, text::is_digit))
        return bad_argument("SIZE takes a number");
    from.size_bytes = text::parse_u64(value).value_or(std::numeric_limits<std::uint64_t>::max());
    return {};
}

Result<void> read_body(const Parameter& parameter, MailFrom& from) {
    const std::string_view value = parameter.value.value_or("");
    if (text::iequals(value, "7BIT"))
        from.body = BodyType::seven_bit;
    else if (text::iequals(value, "8BITMIME"))
        from.body = BodyType::eight_bit;
    else if (text::iequals(value, "BINARYMIME"))
        from.body = BodyType::binary;
    else
        return bad_argument("BODY takes 7BIT, 8BITMIME or BINARYMIME");
    return {};
}

Result<void> read_return(const Parameter& parameter, MailFrom& from) {
    const std::string_view value = parameter.value.value_or("");
    if (text::iequals(value, "FULL"))
        from.ret = MailFrom::Return::full;
    else if (text::iequals(value, "HDRS"))
        from.ret = MailFrom::Return::headers;
    else
        return bad_argument("RET takes FULL or HDRS");
    return {};
}

// RFC 3461 §4.4: what it stands for must be printable ASCII too, as it will stand in a report.
Result<void> read_envelope_id(const Parameter& parameter, MailFrom& from) {
    const std::string_view value = parameter.value.value_or("");
    const auto decoded = decode_xtext(value);
    if (value.empty() || value.size() > limits::envelope_id_octets || !decoded ||
        !is_ascii(*decoded))
        return bad_argument("ENVID takes at most 100 characters of xtext");
    from.envelope_id = *decoded;
    return {};
}

// RFC 4954 §5: "<>" or an address.
Result<void> read_auth(const Parameter& parameter, MailFrom& from, bool& is_utf8) {
    const auto decoded = decode_xtext(parameter.value.value_or(""));
    if (!decoded || (*decoded != "<>" && !address::parse_mailbox(*decoded)))
        return bad_argument("AUTH takes <> or an address as xtext");
    is_utf8 = is_utf8 || !is_ascii(*decoded);
    from.auth = *decoded;
    return {};
}

Result<void> read_mail_parameter(const Parameter& parameter, MailFrom& from, bool& is_utf8) {
    const auto is = [&](std::string_view keyword) {
        return text::iequals(parameter.keyword, keyword);
    };
    if (is("SIZE")) return read_size(parameter, from);
    if (is("BODY")) return read_body(parameter, from);
    if (is("RET")) return read_return(parameter, from);
    if (is("ENVID")) return read_envelope_id(parameter, from);
    if (is("AUTH")) return read_auth(parameter, from, is_utf8);
    if (is("SMTPUTF8")) {
        if (parameter.value) return bad_argument("SMTPUTF8 takes no value");
        from.smtputf8 = true;
        return {};
    }
    return unknown_parameter();
}

// RFC 3461 §4.1: NEVER, or a list of the other three.
Result<void> read_notify(const Parameter& parameter, RcptTo& to) {
    const std::string_view value = parameter.value.value_or("");
    to.notify.is_given = true;
    if (text::iequals(value, "NEVER")) return {};
    for (const std::string_view word : text::split(value, ',')) {
        bool* const flag = text::iequals(word, "SUCCESS")   ? &to.notify.success
                           : text::iequals(word, "FAILURE") ? &to.notify.failure
                           : text::iequals(word, "DELAY")   ? &to.notify.delay
                                                            : nullptr;
        if (flag == nullptr || *flag)
            return bad_argument("NOTIFY takes NEVER, or a list of SUCCESS, FAILURE, DELAY");
        *flag = true;
    }
    return {};
}

// RFC 3461 §4.2: addr-type ";" xtext. RFC 6533 §3: of the type utf-8, other encodings of
// characters.
Result<void> read_original_recipient(const Parameter& parameter, RcptTo& to, bool smtputf8) {
    constexpr std::string_view fault = "ORCPT takes a type, a semicolon and an address as xtext";
    const std::string_view value = parameter.value.value_or("");
    const std::size_t semicolon = value.find(';');
    if (semicolon == 0 || semicolon == std::string_view::npos ||
        value.size() > limits::original_recipient_octets)
        return bad_argument(fault);
    const std::string_view type = value.substr(0, semicolon), address = value.substr(semicolon + 1);
    for (const char c : type)
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '-') return bad_argument(fault);
    if (!smtputf8 && !is_ascii(address)) return needs_smtputf8();
    auto decoded = decode_xtext(address);
    if (decoded && text::iequals(type, "utf-8")) decoded = decode_utf8_address(*decoded);
    if (!decoded || decoded->empty() || !text::is_valid_utf8(*decoded)) return bad_argument(fault);
    // RFC 6533 §3: "rfc822" names none beyond ASCII.
    if (text::iequals(type, "rfc822") && !is_ascii(*decoded)) return bad_argument(fault);
    // As it was written: RFC 3461 §5.2.1 (d).
    to.original_recipient = std::string(type) + ";" + *decoded;
    return {};
}

}  // namespace

Result<MailFrom> parse_mail(std::string_view argument) {
    if (!skip_keyword(argument, "FROM:")) return bad_argument("It must read MAIL FROM:<address>");
    std::string_view rest = argument;
    // A source route is left out, never followed (RFC 5321 §3.6.1).
    address::ReversePath path = TRY(address::read_reverse_path(rest, address::Utf8::allowed));
    bool is_utf8 = !is_ascii(argument.substr(0, argument.size() - rest.size()));
    const std::vector<Parameter> parameters = TRY(parse_rest(rest));
    MailFrom from{.sender = std::move(path.mailbox)};
    for (const Parameter& parameter : parameters)
        TRY(read_mail_parameter(parameter, from, is_utf8));
    if (is_utf8 && !from.smtputf8) return needs_smtputf8();
    return from;
}

Result<RcptTo> parse_rcpt(std::string_view argument, bool smtputf8) {
    if (!skip_keyword(argument, "TO:")) return bad_argument("It must read RCPT TO:<address>");
    std::string_view rest = argument;
    address::ForwardPath path = TRY(address::read_forward_path(rest, address::Utf8::allowed));
    if (!smtputf8 && !is_ascii(argument.substr(0, argument.size() - rest.size())))
        return needs_smtputf8();
    const std::vector<Parameter> parameters = TRY(parse_rest(rest));
    RcptTo to{.recipient = std::move(path.mailbox)};
    for (const Parameter& parameter : parameters) {
        if (text::iequals(parameter.keyword, "NOTIFY"))
            TRY(read_notify(parameter, to));
        else if (text::iequals(parameter.keyword, "ORCPT"))
            TRY(read_original_recipient(parameter, to, smtputf8));
        else
            return unknown_parameter();
    }
    return to;
}

Result<Chunk> parse_bdat(std::string_view argument) {
    constexpr std::string_view fault = "It must read BDAT size or BDAT size LAST";
    const std::size_t end = std::min(argument.find(' '), argument.size());
    const auto size = text::parse_u64(argument.substr(0, end));
    if (!size) return bad_argument(fault);
    const std::string_view rest = text::trim(argument.substr(end));
    if (!rest.empty() && !text::iequals(rest, "LAST")) return bad_argument(fault);
    return Chunk{.size_octets = *size, .is_last = !rest.empty()};
}

}  // namespace pidge::smtp
