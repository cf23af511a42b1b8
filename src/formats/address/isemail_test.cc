// The addresses and verdicts of isemail (BSD-3-Clause), read from outside the source tree when they
// are there.
//
//   category     parse_mailbox (RFC 5321)    parse_address_list (RFC 5322 with obsolete forms)
//   VALID        takes                       takes
//   DNSWARN      takes (no DNS is asked)     takes
//   RFC5321      takes                       takes
//   CFWS, DEPREC refuses                     takes
//   RFC5322      refuses                     takes; fits_smtp is false
//   ERR          refuses                     refuses
//
// Deviations are named in `exceptions`.
#include <doctest/doctest.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "formats/address/list.h"
#include "formats/address/mailbox.h"

using namespace pidge;

namespace {

std::string data_folder() {
    const char* set = std::getenv("PIDGE_SHARED_DATA");
    return set != nullptr ? set : std::string(PIDGE_SOURCE_DIR) + "/../shared/data";
}

std::string element(std::string_view test, const std::string& name) {
    const auto start = test.find("<" + name + ">");
    if (start == test.npos) return "";
    const auto from = start + name.size() + 2;
    return std::string(test.substr(from, test.find("</" + name, from) - from));
}

void put_utf8(std::string& out, unsigned long c) {
    if (c >= 0x2400 && c < 0x2421) {
        out += static_cast<char>(c - 0x2400);  // isemail's way to write a control character
    } else if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 63));
    } else {
        out += static_cast<char>(0xe0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 63));
        out += static_cast<char>(0x80 | (c & 63));
    }
}

unsigned long number(std::string_view digits, int base) {
    unsigned long value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return value;
}

std::string decoded(std::string_view xml) {
    std::string out;
    for (std::size_t i = 0; i < xml.size(); ++i) {
        if (xml[i] == '\xe2' && i + 2 < xml.size() && xml[i + 1] == '\x90') {
            put_utf8(out, 0x2400u + static_cast<unsigned char>(xml[i + 2]) - 0x80u);
            i += 2;
        } else if (xml[i] == '&') {
            const auto end = xml.find(';', i);
            const std::string name(xml.substr(i + 1, end - i - 1));
            if (name.starts_with("#x"))
                put_utf8(out, number(name.substr(2), 16));
            else if (name.starts_with('#'))
                put_utf8(out, number(name.substr(1), 10));
            else
                out += name == "lt"     ? '<'
                       : name == "gt"   ? '>'
                       : name == "amp"  ? '&'
                       : name == "quot" ? '"'
                                        : '\'';
            i = end;
        } else {
            out += xml[i];
        }
    }
    return out;
}

struct Expected {
    bool smtp;
    bool header;
};

Expected expected(const std::string& category, const std::string& diagnosis,
                  const std::string& text) {
    static const std::map<std::string, Expected> exceptions = {
        // A last label of digits is no top-level domain, and reads as an IPv4 address that lost its
        // brackets.
        {"ISEMAIL_RFC5321_TLDNUMERIC", {false, true}},
        // "::" for a single group: RFC 5952 advises against writing it, nothing against reading it.
        {"ISEMAIL_RFC5321_IPV6DEPRECATED", {true, true}},
        // Control characters inside quotes are no part of any address here (attacks.md G7).
        {"ISEMAIL_DEPREC_QTEXT", {false, false}},
        {"ISEMAIL_DEPREC_QP", {false, false}},
        // A header domain may be any dot-atom; fits_smtp says that this one is no host name.
        {"ISEMAIL_ERR_DOMAINHYPHENSTART", {false, true}},
        {"ISEMAIL_ERR_DOMAINHYPHENEND", {false, true}},
        // RFC 6532 §3.2 lets a backslash stand before UTF-8 in a header.
        {"ISEMAIL_ERR_EXPECTING_QPAIR", {false, true}},
    };
    if (text == "\"\"@iana.org")
        return {false, true};  // lawful, but nobody's name (attacks.md R04)
    if (diagnosis == "ISEMAIL_RFC5322_DOMLIT_OBSDTEXT")
        return {false, std::none_of(text.begin(), text.end(), text::is_control)};
    // 65 octets only as written: its normal form, without a needless backslash, has 64.
    if (diagnosis == "ISEMAIL_RFC5322_LOCAL_TOOLONG" && text.contains("\\h\"@"))
        return {true, true};
    if (const auto found = exceptions.find(diagnosis); found != exceptions.end())
        return found->second;
    if (category == "ISEMAIL_ERR") return {false, false};
    const bool smtp = category == "ISEMAIL_VALID_CATEGORY" || category == "ISEMAIL_DNSWARN" ||
                      category == "ISEMAIL_RFC5321";
    return {smtp, true};
}

}  // namespace

TEST_CASE("[R04] isemail's addresses are taken and refused as its classes say") {
    std::size_t count = 0;
    for (const char* name : {"tests.xml", "tests-original.xml"}) {
        std::ifstream file(data_folder() + "/isemail/" + name);
        const std::string xml{std::istreambuf_iterator<char>(file), {}};
        for (std::size_t at = xml.find("<test id"); at != xml.npos;
             at = xml.find("<test id", at + 1)) {
            const std::string test = xml.substr(at, xml.find("</test>", at) - at);
            const std::string text = decoded(element(test, "address"));
            const std::string diagnosis = element(test, "diagnosis");
            const Expected want = expected(element(test, "category"), diagnosis, text);
            const std::string about =
                diagnosis + " " + text::printable(text) + " " + test.substr(0, 15);
            CHECK_MESSAGE(address::parse_mailbox(text).has_value() == want.smtp, "smtp ", about);
            const auto list = address::parse_address_list(text);
            const bool one = list && list->mailboxes.size() == 1;
            CHECK_MESSAGE(one == want.header, "header ", about);
            ++count;
        }
    }
    if (count == 0)
        MESSAGE("isemail's addresses are not there: set PIDGE_SHARED_DATA");
    else
        CHECK(count == 443);
}
