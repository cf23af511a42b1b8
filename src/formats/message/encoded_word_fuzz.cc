#include "formats/message/encoded_word.h"

#include "base/check.h"
#include "base/text.h"
#include "formats/message/codec.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string_view in(data, size);
    check(text::is_valid_utf8(message::decode_words(in)));
    const std::string coded = message::encode_text(in);
    check(std::none_of(coded.begin(), coded.end(), text::is_control));
    // What is encoded is stable: decoding and encoding it again changes nothing that is shown.
    const std::string shown = message::decode_words(coded);
    check(message::decode_words(message::encode_text(shown)) == shown || size > 1'000);
    for (const auto encoding : {message::Encoding::base64, message::Encoding::quoted_printable}) {
        (void)message::decoded(in, encoding);
        for (const auto content :
             {message::Encoder::Content::text, message::Encoder::Content::binary})
            check(message::decoded(message::encoded(in, encoding, content), encoding) == in);
    }
    return 0;
}
