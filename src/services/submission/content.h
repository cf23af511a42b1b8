// Content: the octets of one message on their way into the store. The header is gathered, checked
// and completed; the body streams through. Memory is bounded by the header limit, whatever the size
// of the message. Used by its session alone, on the loop of the connection. What is wrong with the
// message is a Refusal; a store that fails throws store::Fault.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/message/header.h"
#include "formats/message/mime_reader.h"
#include "mail/directory/directory.h"
#include "mail/policy/submitter.h"
#include "protocols/smtp/backend.h"
#include "system/store/store.h"

namespace pidge::submission {

struct ContentOptions {
    policy::Submitter submitter;
    std::string hostname;
    std::string message_id;  // when there is none
    std::uint64_t message_bytes_max = 0;
    smtp::BodyType body = smtp::BodyType::seven_bit;
    bool smtputf8 = false;
};

// What came of it, for queue and audit trail.
struct StoredContent {
    store::Blob blob;
    bool eight_bit = false;
    bool header_beyond_ascii = false;  // of the message or of a part
    // Name and text of the fields that the audit trail keeps.
    std::vector<std::pair<std::string, std::string>> header;
    std::vector<std::string> changed;  // what was completed or rewritten
    // Of a message from outside that two readers may understand differently (attacks.md P08):
    // "ambiguous; defect=bad-base64; part=1.2; octet=4711". Else empty.
    std::string mime_verdict;
};

// The field that tells whoever comes after us of StoredContent::mime_verdict.
inline constexpr const char* mime_verdict_field = "X-Pidge-MIME";

class Content {
 public:
    Content(store::Store& store, directory::Directory& directory, const Clock& clock,
            ContentOptions options);

    // A refusal is final: what follows is not wanted.
    net::Task<Result<void>> write(std::string_view bytes);
    net::Task<Result<StoredContent>> finish();

 private:
    net::Task<Result<void>> take(std::string_view canonical);
    net::Task<void> store_octets(std::string_view octets);
    net::Task<Result<void>> end_header();
    net::Task<Result<void>> make_canonical(const message::Structure& structure);
    void record(const message::Header& header);
    std::vector<const message::Field*> forged(const message::Header& header) const;
    net::Task<Result<Bytes>> edited(const message::Header& header);

    store::Store& store_;
    directory::Directory& directory_;
    const Clock& clock_;
    const ContentOptions options_;
    std::uint64_t received_bytes_ = 0;
    Bytes header_;  // gathered until its end
    bool header_done_ = false;
    bool eight_bit_ = false;
    std::unique_ptr<store::BlobWriter> writer_;
    message::MimeReader mime_;
    StoredContent stored_;
};

}  // namespace pidge::submission
