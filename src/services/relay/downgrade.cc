#include "services/relay/downgrade.h"

#include "formats/message/mime_reader.h"

namespace pidge::relay {

net::Task<Result<Downgrade>> plan_downgrade(Body& body) {
    message::MimeReader reader;
    body.rewind();
    for (;;) {
        const Bytes piece = co_await body.next();
        if (piece.empty()) break;
        reader.feed(piece);
    }
    const message::Structure structure = std::move(reader).finish();
    Downgrade downgrade;
    downgrade.plan = CO_TRY(message::plan_transcoding(structure, message::Target::seven_bit));
    downgrade.octets = body.size_bytes();
    if (!downgrade.plan.is_needed) co_return downgrade;
    // Only its length is wanted here.
    message::Transcoder transcoder(downgrade.plan);
    downgrade.octets = 0;
    Bytes out;
    body.rewind();
    for (;;) {
        const Bytes piece = co_await body.next();
        if (piece.empty()) break;
        transcoder.feed(piece, out);
        downgrade.octets += out.size();
        out.clear();
    }
    transcoder.finish(out);
    downgrade.octets += out.size();
    co_return downgrade;
}

Pieces::Pieces(Body& body, const std::optional<Downgrade>& downgrade)
    : body_(body), octets_(downgrade ? downgrade->octets : body.size_bytes()) {
    if (downgrade && downgrade->plan.is_needed) transcoder_.emplace(downgrade->plan);
    body_.rewind();
}

net::Task<std::string_view> Pieces::next() {
    piece_.clear();
    // A piece may become nothing for now: a header is held until it is whole.
    while (piece_.empty()) {
        Bytes read = co_await body_.next();
        if (!transcoder_) {
            piece_ = std::move(read);
            break;
        }
        if (read.empty()) {
            transcoder_->finish(piece_);
            transcoder_.reset();
            break;
        }
        transcoder_->feed(read, piece_);
    }
    co_return piece_;
}

}  // namespace pidge::relay
