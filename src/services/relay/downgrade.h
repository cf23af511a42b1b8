// Downgrade: a message with octets above 127 as it is sent to a host without 8BITMIME (RFC 6152
// §3): text as quoted-printable, other content as base64. Internal to this folder.
//
// The message streams by three times: once for its structure, once to learn how many octets it
// becomes (SIZE and BDAT want to know), once to be sent. Memory is one piece of the body and one
// header.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "formats/message/transcode.h"
#include "protocols/smtp/client/body_source.h"
#include "services/relay/body.h"

namespace pidge::relay {

struct Downgrade {
    message::Transcoding plan;
    std::uint64_t octets = 0;  // of the message once converted
};

// Refused with 5.6.3 or 5.6.7 and the reason where the message cannot be converted
// (message::plan_transcoding). Throws store::Fault.
net::Task<Result<Downgrade>> plan_downgrade(Body& body);

// The octets of a body, converted or as they are. Both outlive it.
class Pieces final : public smtp::BodySource {
 public:
    Pieces(Body& body, const std::optional<Downgrade>& downgrade);

    std::uint64_t size_octets() const override { return octets_; }
    net::Task<std::string_view> next() override;

 private:
    Body& body_;
    std::optional<message::Transcoder> transcoder_;
    std::uint64_t octets_;
    Bytes piece_;
};

}  // namespace pidge::relay
