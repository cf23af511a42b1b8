// StringSource: a body in memory, given out in pieces.
#pragma once

#include <string>

#include "protocols/smtp/client/body_source.h"

namespace pidge::smtp::testing {

class StringSource final : public BodySource {
 public:
    explicit StringSource(std::string body, std::size_t piece_octets = 1000)
        : body_(std::move(body)), piece_octets_(piece_octets) {}

    std::uint64_t size_octets() const override { return body_.size(); }
    net::Task<std::string_view> next() override {
        const std::string_view piece = std::string_view(body_).substr(at_, piece_octets_);
        at_ += piece.size();
        co_return piece;
    }

 private:
    const std::string body_;
    const std::size_t piece_octets_;
    std::size_t at_ = 0;
};

}  // namespace pidge::smtp::testing
