#include "formats/unicode/fold.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "base/check.h"
#include "base/text.h"

namespace pidge::unicode {

namespace {

bool is_ascii(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) > 127; });
}

icu::UnicodeString to_utf16(std::string_view utf8) {
    return icu::UnicodeString::fromUTF8(
        icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())));
}

std::string to_utf8(const icu::UnicodeString& text) {
    std::string out;
    text.toUTF8String(out);
    return out;
}

icu::UnicodeString normalized(const icu::Normalizer2* form, const icu::UnicodeString& text) {
    UErrorCode error = U_ZERO_ERROR;
    icu::UnicodeString out = form->normalize(text, error);
    check(U_SUCCESS(error), "Unicode normalisation");
    return out;
}

const icu::Normalizer2* nfc() {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* form = icu::Normalizer2::getNFCInstance(error);
    check(U_SUCCESS(error), "Unicode data for NFC");
    return form;
}

const icu::Normalizer2* nfd() {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* form = icu::Normalizer2::getNFDInstance(error);
    check(U_SUCCESS(error), "Unicode data for NFD");
    return form;
}

}  // namespace

std::string folded(std::string_view utf8) {
    check(utf8.size() <= fold_octets_max);
    if (is_ascii(utf8)) return text::to_lower(utf8);
    icu::UnicodeString text = normalized(nfd(), to_utf16(utf8));
    text.foldCase(U_FOLD_CASE_DEFAULT);
    return to_utf8(normalized(nfc(), text));
}

std::string composed(std::string_view utf8) {
    check(utf8.size() <= fold_octets_max);
    if (is_ascii(utf8)) return std::string(utf8);
    return to_utf8(normalized(nfc(), to_utf16(utf8)));
}

bool has_steering(std::string_view utf8) {
    const auto size = static_cast<std::int64_t>(utf8.size());
    for (std::int64_t i = 0; i < size;) {
        UChar32 c = 0;
        U8_NEXT(utf8.data(), i, size, c);
        if (c < 0) return true;
        if (c < 0x80) {
            if (text::is_control(static_cast<char>(c))) return true;
            continue;
        }
        const auto type = u_charType(c);
        if (type == U_CONTROL_CHAR || type == U_LINE_SEPARATOR || type == U_PARAGRAPH_SEPARATOR ||
            U_IS_UNICODE_NONCHAR(c) || u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL))
            return true;
    }
    return false;
}

}  // namespace pidge::unicode
