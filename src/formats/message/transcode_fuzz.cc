// What is converted decodes to what it was, and no longer needs converting.
#include "formats/message/transcode.h"

#include "base/check.h"
#include "formats/message/mime_reader.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string_view in(data, size);
    for (const auto target : {message::Target::canonical, message::Target::seven_bit}) {
        const auto before = message::read_structure(in);
        auto plan = message::plan_transcoding(before, target);
        if (!plan || !plan->is_needed) continue;
        message::Transcoder transcoder(*std::move(plan));
        Bytes out;
        for (std::size_t at = 0; at < size; at += 13) transcoder.feed(in.substr(at, 13), out);
        transcoder.finish(out);
        if (target == message::Target::seven_bit)
            check(std::none_of(out.begin(), out.end(),
                               [](char c) { return static_cast<unsigned char>(c) > 127; }));
        // Broken structures may read otherwise once their lines have changed; sound ones must not.
        if (!before.defects.empty()) continue;
        const auto after = message::read_structure(out);
        check(after.parts.size() == before.parts.size());
        for (std::size_t i = 0; i < after.parts.size(); ++i) {
            const message::Part& a = before.parts[i];
            const message::Part& b = after.parts[i];
            if (!a.children.empty() || a.is_multipart()) continue;
            check(message::decoded(a.body.in(in), a.encoding) ==
                  message::decoded(b.body.in(out), b.encoding));
        }
    }
    return 0;
}
