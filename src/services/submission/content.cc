#include "services/submission/content.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "formats/message/transcode.h"
#include "formats/message/verdict.h"
#include "mail/policy/header.h"
#include "mail/policy/refusals.h"

namespace pidge::submission {

namespace {

// Five thousand fields of ordinary length, with room; it is all that is held of a message in
// memory.
constexpr message::HeaderLimits header_limits{.octets = 1024 * 1024, .fields = 20'000};

// What the audit trail keeps of the header (docs/audit.md). Not the subject: that is content.
constexpr const char* audited_fields[] = {"From",    "Sender",    "Reply-To",   "To",
                                          "Cc",      "Date",      "Message-ID", "In-Reply-To",
                                          "List-Id", "User-Agent"};
constexpr std::size_t audited_octets_max = 1000;
constexpr std::size_t transcoding_piece = 64 * 1024;

bool has_eight_bit(std::string_view bytes) {
    // Without a way out on the first one, so that the compiler takes many at a time.
    unsigned char all = 0;
    for (const char c : bytes) all |= static_cast<unsigned char>(c);
    return all > 127;
}

std::string told(const message::Verdict& verdict) {
    const bool is_ambiguous = verdict.conformity == message::Conformity::ambiguous;
    return fmt::format("{}; defect={}; part={}; octet={}", is_ambiguous ? "ambiguous" : "broken",
                       message::name_of(verdict.kind),
                       verdict.number.empty() ? "TEXT" : verdict.number, verdict.offset);
}

}  // namespace

Content::Content(store::Store& store, directory::Directory& directory, const Clock& clock,
                 ContentOptions options)
    : store_(store),
      directory_(directory),
      clock_(clock),
      options_(std::move(options)),
      mime_(header_limits) {}

net::Task<Result<void>> Content::write(std::string_view bytes) {
    received_bytes_ += bytes.size();
    if (received_bytes_ > options_.message_bytes_max)
        co_return policy::refuse(policy::Code::message_too_large);
    co_return co_await take(bytes);
}

net::Task<Result<void>> Content::take(std::string_view canonical) {
    if (!eight_bit_) eight_bit_ = has_eight_bit(canonical);
    if (header_done_) {
        co_await store_octets(canonical);
        co_return Result<void>{};
    }
    // The blank line may come in pieces.
    const std::size_t from = header_.size() < 3 ? 0 : header_.size() - 3;
    header_ += canonical;
    const bool empty = header_.starts_with("\r\n");
    const std::size_t blank = empty ? 0 : header_.find("\r\n\r\n", from);
    if (blank != Bytes::npos) {
        const std::size_t end = empty ? 2 : blank + 4;
        const Bytes rest = header_.substr(end);
        header_.resize(end);
        CO_TRY(co_await end_header());
        if (!rest.empty()) co_await store_octets(rest);
    } else if (header_.size() > header_limits.octets) {
        co_return policy::refuse(policy::Code::header_too_large);
    }
    co_return Result<void>{};
}

net::Task<void> Content::store_octets(std::string_view octets) {
    mime_.feed(octets);
    co_await writer_->write(octets);
}

net::Task<Result<void>> Content::end_header() {
    const message::Header header = message::Header::parse(std::move(header_), header_limits);
    header_done_ = true;
    CO_TRY(policy::check_received_header(header));
    const Bytes edited_header = CO_TRY(co_await edited(header));
    // Addresses may have grown to their published form.
    if (edited_header.size() > header_limits.octets)
        co_return policy::refuse(policy::Code::header_too_large);
    // The record tells what goes out, not what came in.
    if (stored_.changed.empty())
        record(header);
    else
        record(message::Header::parse(edited_header, header_limits));
    writer_ = store_.write_blob();
    co_await store_octets(edited_header);
    co_return Result<void>{};
}

void Content::record(const message::Header& header) {
    for (const char* name : audited_fields)
        if (auto value = header.find_text(name))
            stored_.header.emplace_back(name, value->substr(0, audited_octets_max));
}

// RFC 8601 §5: only we may speak in our name, whoever hands the message in (attacks.md P08, P10).
std::vector<const message::Field*> Content::forged(const message::Header& header) const {
    auto fields = header.find_all(mime_verdict_field);
    for (const message::Field* field : header.find_all("Authentication-Results"))
        if (policy::is_by(header.body(*field), options_.hostname)) fields.push_back(field);
    return fields;
}

net::Task<Result<Bytes>> Content::edited(const message::Header& header) {
    if (!options_.submitter.is_submitting()) {
        message::HeaderEdit edit(header);
        for (const message::Field* field : forged(header)) edit.remove(*field);
        co_return edit.bytes();
    }
    const auto site = directory_.site();
    policy::Lookups lookups;
    for (const address::Mailbox& mailbox : policy::addresses_to_look_up(header, *site))
        lookups[address::key(mailbox)] = co_await directory_.find(mailbox);
    policy::HeaderPlan plan =
        CO_TRY(policy::plan_header(header, {
                                               .submitter = options_.submitter,
                                               .site = *site,
                                               .lookups = lookups,
                                               .now = clock_.now(),
                                               .message_id = options_.message_id,
                                               .smtputf8 = options_.smtputf8,
                                           }));
    stored_.changed = std::move(plan.changed);
    for (const message::Field* field : forged(header)) {
        plan.edit.remove(*field);
        stored_.changed.push_back(std::string(header.name(*field)) + " removed");
    }
    Bytes block = plan.edit.bytes();
    // RFC 5322 §3.5: who has no body may leave out the blank line; whoever comes after us and adds
    // a field or a body finds one.
    if (header.defects().has(message::DefectKind::no_blank_line))
        block += block.ends_with("\r\n") ? "\r\n" : "\r\n\r\n";
    co_return block;
}

// Binary parts become base64 (docs/decisions/002): which ones is known only when the structure is,
// so the octets are read back from the store once more.
net::Task<Result<void>> Content::make_canonical(const message::Structure& structure) {
    message::Transcoding plan =
        CO_TRY(message::plan_transcoding(structure, message::Target::canonical));
    if (!plan.is_needed) co_return Result<void>{};
    message::Transcoder transcoder(std::move(plan));
    const auto reader = store_.open_upload(stored_.blob);
    const auto writer = store_.write_blob();
    Bytes canonical;
    for (std::uint64_t at = 0; at < reader->size_bytes(); at += transcoding_piece) {
        const Bytes piece = co_await reader->read(at, transcoding_piece);
        transcoder.feed(piece, canonical);
        co_await writer->write(canonical);
        canonical.clear();
    }
    transcoder.finish(canonical);
    co_await writer->write(canonical);
    stored_.blob = co_await writer->finish();
    stored_.changed.push_back("binary parts encoded as base64");
    co_return Result<void>{};
}

net::Task<Result<StoredContent>> Content::finish() {
    if (!header_done_) {
        if (header_.empty()) co_return policy::refuse(policy::Code::message_empty);
        // RFC 5322 §3.5: a message may end with its header.
        CO_TRY(co_await end_header());
    }
    stored_.blob = co_await writer_->finish();
    const message::Structure structure = std::move(mime_).finish();
    const message::Verdict verdict = message::strict_verdict(structure);
    const bool is_binary = options_.body == smtp::BodyType::binary;
    if (verdict.conformity != message::Conformity::conform) {
        // What cannot be taken apart cannot be encoded either. Other mail from outside is somebody
        // else's work: it is delivered as it came, with a warning (attacks.md promise 12).
        if (options_.submitter.is_submitting() || is_binary)
            co_return policy::refuse(policy::Code::mime_broken, verdict.text);
        if (!verdict.wants_mime_version) stored_.mime_verdict = told(verdict);
    }
    if (is_binary) CO_TRY(co_await make_canonical(structure));
    stored_.eight_bit = eight_bit_;
    stored_.header_beyond_ascii =
        std::ranges::any_of(structure.defects, [](const message::PartDefect& defect) {
            return defect.kind == message::DefectKind::utf8_in_header ||
                   defect.kind == message::DefectKind::raw_octets_in_header;
        });
    co_return std::move(stored_);
}

}  // namespace pidge::submission
