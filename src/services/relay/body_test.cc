#include "services/relay/body.h"

#include <doctest/doctest.h>

#include "services/relay/limits.h"
#include "system/net/spawn.h"
#include "system/store/store.h"

using namespace pidge;
using namespace pidge::relay;

namespace {

class TextBlob final : public store::BlobReader {
 public:
    explicit TextBlob(Bytes text) : text_(std::move(text)) {}
    std::uint64_t size_bytes() const override { return text_.size(); }
    net::Task<Bytes> read(std::uint64_t offset, std::size_t length) override {
        co_return text_.substr(offset, length);
    }

 private:
    const Bytes text_;
};

Bytes next(Body& body) {
    return net::run(body.next());
}

}  // namespace

TEST_CASE("A body is its trace and its octets, in pieces, and may be read again") {
    const Bytes text(limits::body_chunk_octets * 2, 'x');
    Body body("Received: by us\r\n", std::make_unique<TextBlob>(text));
    for (int round = 0; round < 2; ++round) {
        Bytes all;
        for (Bytes piece = next(body); !piece.empty(); piece = next(body)) {
            CHECK(piece.size() <= limits::body_chunk_octets);
            all += piece;
        }
        CHECK(all == "Received: by us\r\n" + text);
        body.rewind();
    }
}

TEST_CASE(
    "[O5] The last octets are kept back from a delivery that another node may have taken over") {
    bool is_ours = true;
    Body body("", std::make_unique<TextBlob>(Bytes(limits::body_chunk_octets + 1, 'x')),
              [&] { return is_ours; });
    is_ours = false;
    CHECK(next(body).size() == limits::body_chunk_octets);
    CHECK_THROWS_AS(next(body), store::Fault);
    body.rewind();
    is_ours = true;
    CHECK(next(body).size() == limits::body_chunk_octets);
    CHECK(next(body).size() == 1);
    is_ours = false;
    CHECK_THROWS_AS(next(body), store::Fault);  // the end is the sign for the final dot
}
