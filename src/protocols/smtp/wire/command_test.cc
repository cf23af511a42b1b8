#include "protocols/smtp/wire/command.h"

#include <doctest/doctest.h>

#include <limits>

#include "protocols/smtp/limits.h"
#include "protocols/smtp/wire/envelope.h"
#include "protocols/smtp/wire/line_scanner.h"
#include "protocols/smtp/wire/xtext.h"

using namespace pidge;
using namespace pidge::smtp;

namespace {

std::string status_of(const Refusal& refusal) {
    return std::to_string(refusal.reply_code) + " " + refusal.status.text();
}

std::string mail_status(std::string_view argument) {
    const auto parsed = parse_mail(argument);
    return parsed ? "ok" : status_of(parsed.error());
}

std::string rcpt_status(std::string_view argument, bool smtputf8 = false) {
    const auto parsed = parse_rcpt(argument, smtputf8);
    return parsed ? "ok" : status_of(parsed.error());
}

}  // namespace

TEST_CASE("verbs are read in any case, with what follows") {
    const auto command = parse_command("mAiL FROM:<a@b>  ");
    REQUIRE(command);
    CHECK(command->verb == Verb::mail);
    CHECK(command->argument == "FROM:<a@b>");
    CHECK(parse_command("")->verb == Verb::unknown);
    CHECK(parse_command(" MAIL")->verb == Verb::unknown);
    CHECK(parse_command("MAILX")->verb == Verb::unknown);
    for (const std::string_view line :
         {"GET / HTTP/1.1", "post /x", "CONNECT a:25 HTTP/1.1", "PRI * HTTP/2.0"})
        CHECK(parse_command(line)->verb == Verb::http);
}

TEST_CASE("a command with a control character is refused") {
    for (int octet = 0; octet < 256; ++octet) {
        const bool is_control = octet < 32 || octet == 127;
        CHECK(
            parse_command("NOOP a" + std::string(1, static_cast<char>(octet)) + "b").has_value() ==
            !is_control);
    }
}

TEST_CASE("MAIL is read with all its parameters") {
    const auto from = parse_mail(
        "FROM:<a@ext.example> SIZE=123 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By "
        "AUTH=u+40v.example");
    REQUIRE(from);
    CHECK(from->sender->text() == "a@ext.example");
    CHECK(from->size_bytes == 123);
    CHECK(from->body == BodyType::eight_bit);
    CHECK(from->smtputf8);
    CHECK(from->ret == MailFrom::Return::headers);
    CHECK(from->envelope_id == "x+y");
    CHECK(from->auth == "u@v.example");
    CHECK_FALSE(parse_mail("FROM:<>")->sender.has_value());
    CHECK(parse_mail("from: <a@ext.example> auth=<>")->auth == "<>");
}

TEST_CASE("SIZE has up to twenty digits, and one that no number holds is larger than any") {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    CHECK(parse_mail("FROM:<a@ext.example> SIZE=00000000000000000007")->size_bytes == 7);
    CHECK(parse_mail("FROM:<a@ext.example> SIZE=18446744073709551615")->size_bytes == most);
    CHECK(parse_mail("FROM:<a@ext.example> SIZE=18446744073709551616")->size_bytes == most);
    CHECK(parse_mail("FROM:<a@ext.example> SIZE=99999999999999999999")->size_bytes == most);
}

TEST_CASE("MAIL refuses what is not in the grammar") {
    CHECK(mail_status("FROM:<a@ext.example> SIZE=1 SIZE=1") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> SIZE=") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> SIZE") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> SIZE=-1") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> SIZE=100000000000000000000") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> SIZE=1844674407370955161x") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> BODY=9BIT") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> SMTPUTF8=1") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> X=1") == "555 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example>SIZE=1") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> A=B=C") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> -A") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@ext.example> ENVID=" + std::string(101, 'x')) == "501 5.5.4");
    CHECK(mail_status("FROM:a@ext.example") == "501 5.1.7");
    CHECK(mail_status("FROM:<a@ext.example") == "501 5.1.7");
    CHECK(mail_status("<a@ext.example>") == "501 5.5.4");
    CHECK(mail_status("") == "501 5.5.4");
    std::string many = "FROM:<a@ext.example>";
    for (int i = 0; i < 100; ++i) many += " X" + std::to_string(i);
    CHECK(mail_status(many) == "501 5.5.4");
}

TEST_CASE("[F10] no control character comes out of a parameter, however it is written") {
    CHECK(mail_status("FROM:<a@site.example> AUTH=x+0Aroot") == "501 5.5.4");
    CHECK(mail_status("FROM:<a@site.example> ENVID=a+00b") == "501 5.5.4");
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (int octet = 0; octet < 256; ++octet) {
        const std::string hex = {'+', digits[octet >> 4], digits[octet & 15]};
        const bool is_visible = octet >= 32 && octet < 127;
        CAPTURE(hex);
        CHECK((mail_status("FROM:<a@site.example> ENVID=a" + hex + "b") == "ok") == is_visible);
        // In an address fewer are allowed.
        if (!is_visible && octet < 128)
            CHECK(mail_status("FROM:<a@site.example> AUTH=a" + hex + "@b.example") == "501 5.5.4");
        if (octet < 32 || octet == 127)
            CHECK(rcpt_status("TO:<a@site.example> ORCPT=rfc822;a" + hex) == "501 5.5.4");
    }
    CHECK(rcpt_status("TO:<a@site.example> ORCPT=utf-8;a\\x{0A}", true) == "501 5.5.4");
    CHECK(rcpt_status("TO:<a@site.example> ORCPT=utf-8;a\\x{9B}", true) == "501 5.5.4");
    CHECK(rcpt_status("TO:<a@site.example> ORCPT=utf-8;a\\x{D800}", true) == "501 5.5.4");
}

TEST_CASE("RCPT is read with all its parameters") {
    const auto to = parse_rcpt(
        "TO:<b@site.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+40ext.example", false);
    REQUIRE(to);
    CHECK(to->notify.is_given);
    CHECK(to->notify.success);
    CHECK_FALSE(to->notify.failure);
    CHECK(to->notify.delay);
    CHECK(to->original_recipient == "rfc822;Bob@ext.example");
    CHECK(parse_rcpt("TO:<b@site.example> NOTIFY=NEVER", false)->notify.is_given);
    CHECK(parse_rcpt("TO:<PostMaster>", false)->recipient.domain.empty());
    CHECK(parse_rcpt("TO:<b@site.example> ORCPT=utf-8;\\x{E9}t\\x{E9}@x", false)
              ->original_recipient == "utf-8;été@x");
    // RFC 3461 §5.2.1 (d): it goes on as it was written.
    CHECK(parse_rcpt("TO:<b@site.example> ORCPT=RFC822;Bob@x", false)->original_recipient ==
          "RFC822;Bob@x");
    // RFC 6533 §3: beyond ASCII there is the type utf-8.
    CHECK(rcpt_status("TO:<b@site.example> ORCPT=rfc822;b+C3+BC@x") == "501 5.5.4");
    CHECK(rcpt_status("TO:<b@site.example> ORCPT=RFC822;b\u00fc@x", true) == "501 5.5.4");
    CHECK(rcpt_status("TO:<b@site.example> NOTIFY=NEVER,SUCCESS") == "501 5.5.4");
    CHECK(rcpt_status("TO:<b@site.example> NOTIFY=SUCCESS,SUCCESS") == "501 5.5.4");
    CHECK(rcpt_status("TO:<b@site.example> NOTIFY=") == "501 5.5.4");
    CHECK(rcpt_status("TO:<b@site.example> ORCPT=foo") == "501 5.5.4");
    CHECK(rcpt_status("TO:<b@site.example> ORCPT=;foo") == "501 5.5.4");
    CHECK(rcpt_status("TO:<>") == "501 5.1.3");
    CHECK(rcpt_status("TO:<b>") == "501 5.1.3");
    CHECK(rcpt_status("TO:<b@site.example> SIZE=1") == "555 5.5.4");
}

TEST_CASE("[P15] an address beyond ASCII needs SMTPUTF8") {
    CHECK(mail_status("FROM:<é@ext.example>") == "550 5.6.7");
    CHECK(mail_status("FROM:<a@é.example>") == "550 5.6.7");
    CHECK(mail_status("FROM:<é@ext.example> SMTPUTF8") == "ok");
    CHECK(rcpt_status("TO:<é@site.example>") == "550 5.6.7");
    CHECK(rcpt_status("TO:<b@é.example>") == "550 5.6.7");
    CHECK(rcpt_status("TO:<é@site.example>", true) == "ok");
    CHECK(mail_status("FROM:<\xff@ext.example> SMTPUTF8") != "ok");
}

TEST_CASE("[R01] an address is what stands after its last unquoted @, and nothing else") {
    const auto domain_of = [](std::string_view argument) {
        const auto to = parse_rcpt(argument, false);
        return to ? to->recipient.domain : status_of(to.error());
    };
    CHECK(domain_of("TO:<v%ext.example@site.example>") == "site.example");
    CHECK(domain_of("TO:<ext.example!v@site.example>") == "site.example");
    CHECK(domain_of("TO:<\"v@ext.example\"@site.example>") == "site.example");
    CHECK(domain_of("TO:<@site.example:v@ext.example>") ==
          "ext.example");  // the route is not followed
    for (const std::string_view bad :
         {"TO:<v@ext.example@site.example>", "TO:<v@ext.example.>", "TO:<ext.example!v>",
          "TO:<\"v@ext.example\">", "TO:<v@ext.example;@site.example>", "TO:<;sleep 66;>",
          "TO:<\"\"@site.example>"})
        CHECK(domain_of(bad) == "501 5.1.3");
}

TEST_CASE("[F04] the size of a chunk is plain decimal that fits") {
    CHECK(parse_bdat("0 LAST")->is_last);
    CHECK(parse_bdat("18446744073709551615")->size_octets == UINT64_MAX);
    for (const std::string_view bad :
         {"", "-1", "+1", "1 LASTX", "1 LAST LAST", "0x10", "1e3", "18446744073709551616",
          "18446744073709551616 LAST", "LAST", "1,000", "99999999999999999999999999"}) {
        const auto chunk = parse_bdat(bad);
        REQUIRE_FALSE(chunk);
        CHECK(status_of(chunk.error()) == "501 5.5.4");
    }
}

TEST_CASE("xtext there and back") {
    std::string all;
    for (int octet = 32; octet < 127; ++octet) all += static_cast<char>(octet);
    CHECK(decode_xtext(encode_xtext(all)) == all);
    CHECK(decode_utf8_address(encode_utf8_address("é+\\=€😀@x")) == "é+\\=€😀@x");
    for (const std::string_view bad : {"+", "+1", "+G0", "a=b", "a b"})
        CHECK_FALSE(decode_xtext(bad).has_value());
}

TEST_CASE("[G1] only CR LF ends a command line, and each octet is looked at once") {
    using Status = LineScanner::Status;
    const auto scan = [](std::string_view text, std::size_t limit = 20) {
        LineScanner scanner;
        Status last = Status::incomplete;
        for (std::size_t size = 1; size <= text.size() && last == Status::incomplete; ++size)
            last = scanner.find(text.substr(0, size), limit).status;
        const LineScanner::Found whole = LineScanner().find(text, limit);
        CHECK(whole.status == last);
        return last;
    };
    CHECK(scan("NOOP\r\n") == Status::line);
    CHECK(scan("NOOP\r") == Status::incomplete);
    CHECK(scan("NOOP\n") == Status::fault);
    CHECK(scan("NO\rOP\r\n") == Status::fault);
    CHECK(scan("NOOP\r\r\n") == Status::fault);
    CHECK(scan(std::string_view("NO\0OP\r\n", 7)) == Status::fault);
    CHECK(scan(std::string(18, 'x') + "\r\n") == Status::line);
    CHECK(scan(std::string(19, 'x') + "\r\n") == Status::too_long);
}
