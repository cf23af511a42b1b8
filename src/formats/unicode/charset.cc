#include "formats/unicode/charset.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "base/check.h"
#include "base/text.h"

namespace pidge::unicode {

namespace {

constexpr std::size_t name_octets_max = 40;  // RFC 2978 §2.3

struct ConverterClose {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, ConverterClose>;

// ICU's own callback writes U+001A for some charsets; we always want U+FFFD.
void replace_bad(const void*, UConverterToUnicodeArgs* args, const char*, std::int32_t,
                 UConverterCallbackReason reason, UErrorCode* error) {
    if (reason > UCNV_IRREGULAR) return;
    *error = U_ZERO_ERROR;
    const UChar replacement = 0xfffd;
    ucnv_cbToUWriteUChars(args, &replacement, 1, 0, error);
}

// A converter for a name that IANA or MIME knows; ICU's further ones are no business of mail.
Converter open(const std::string& name) {
    UErrorCode error = U_ZERO_ERROR;
    const char* known = ucnv_getStandardName(name.c_str(), "MIME", &error);
    if (U_FAILURE(error) || known == nullptr) {
        error = U_ZERO_ERROR;
        known = ucnv_getStandardName(name.c_str(), "IANA", &error);
    }
    if (U_FAILURE(error) || known == nullptr) return nullptr;
    Converter converter(ucnv_open(name.c_str(), &error));
    if (U_FAILURE(error)) return nullptr;
    ucnv_setToUCallBack(converter.get(), replace_bad, nullptr, nullptr, nullptr, &error);
    check(U_SUCCESS(error));
    return converter;
}

bool is_charset_name(std::string_view name) {
    return !name.empty() && name.size() <= name_octets_max &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return text::is_alpha(c) || text::is_digit(c) ||
                      std::string_view("-_.:+()").contains(c);
           });
}

std::string convert(UConverter* converter, std::string_view octets) {
    std::string out;
    icu::UnicodeString piece;
    std::array<UChar, 1024> buffer;
    const char* from = octets.data();
    const char* const end = from + octets.size();
    for (;;) {
        UErrorCode error = U_ZERO_ERROR;
        UChar* to = buffer.data();
        ucnv_toUnicode(converter, &to, buffer.data() + buffer.size(), &from, end, nullptr, true,
                       &error);
        piece.append(buffer.data(), static_cast<std::int32_t>(to - buffer.data()));
        if (error != U_BUFFER_OVERFLOW_ERROR) break;
    }
    return piece.toUTF8String(out);
}

}  // namespace

std::string repaired_utf8(std::string_view octets) {
    if (text::is_valid_utf8(octets)) return std::string(octets);
    std::string out;
    const auto size = static_cast<std::int64_t>(octets.size());
    for (std::int64_t i = 0; i < size;) {
        const std::int64_t start = i;
        UChar32 c = 0;
        U8_NEXT(octets.data(), i, size, c);
        if (c < 0)
            out += "\xef\xbf\xbd";
        else
            out +=
                octets.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(i - start));
    }
    return out;
}

std::optional<std::string> to_utf8(std::string_view octets, std::string_view charset) {
    if (!is_charset_name(charset)) return std::nullopt;
    if (text::iequals(charset, "utf-8")) return repaired_utf8(octets);
    std::string name = text::to_lower(charset);
    if (name == "iso-8859-1" || name == "latin1") name = "windows-1252";
    const Converter converter = open(name);
    if (!converter) return std::nullopt;
    return convert(converter.get(), octets);
}

std::string to_utf8_for_display(std::string_view octets, std::string_view charset) {
    if (auto named = to_utf8(octets, charset)) return *std::move(named);
    if (text::is_valid_utf8(octets)) return std::string(octets);
    return to_utf8(octets, "windows-1252").value();
}

std::string without_controls(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const bool c1 = utf8[i] == '\xc2' && i + 1 < utf8.size() &&
                        static_cast<unsigned char>(utf8[i + 1]) < 0xa0;
        if (c1) ++i;
        if (c1 || (text::is_control(utf8[i]) && utf8[i] != '\t'))
            out += "\xef\xbf\xbd";
        else
            out += utf8[i];
    }
    return out;
}

}  // namespace pidge::unicode
