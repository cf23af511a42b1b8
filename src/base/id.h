// Id<Tag>: a 128-bit identifier; each kind of thing has its own type, so they cannot be mixed up.
//
// 48 bits of milliseconds since 1970 (so that new ids sort after old ones, as keys of the store
// like it), then 80 random bits (so that an id can be neither guessed nor met twice). Text form: 26
// characters, Crockford base 32 in lower case ("01kaf3z…"), order-preserving; what is read may be
// in either case.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pidge {

namespace detail {
using IdBytes = std::array<std::uint8_t, 16>;
IdBytes make_id(std::int64_t unix_ms);
std::string id_text(const IdBytes& bytes);
std::optional<IdBytes> parse_id(std::string_view text);
}  // namespace detail

template <typename Tag>
class Id {
 public:
    static constexpr std::size_t size = 16;  // octets

    constexpr Id() = default;  // all zero: no id

    static Id make(std::int64_t unix_ms) { return Id(detail::make_id(unix_ms)); }
    static std::optional<Id> parse(std::string_view text) {
        const auto bytes = detail::parse_id(text);
        if (!bytes) return std::nullopt;
        return Id(*bytes);
    }
    // From the 16 octets of a key or record; nullopt when there are not exactly 16.
    static std::optional<Id> from_bytes(std::string_view bytes) {
        if (bytes.size() != size) return std::nullopt;
        Id id;
        for (std::size_t i = 0; i < size; ++i) id.bytes_[i] = static_cast<std::uint8_t>(bytes[i]);
        return id;
    }

    std::string text() const { return detail::id_text(bytes_); }
    std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), size}; }
    bool is_none() const { return *this == Id(); }

    friend auto operator<=>(const Id&, const Id&) = default;

 private:
    constexpr explicit Id(const detail::IdBytes& bytes) : bytes_(bytes) {}
    detail::IdBytes bytes_{};
};

}  // namespace pidge
