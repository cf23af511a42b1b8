// Values: what statements take and give, in PostgreSQL's binary form. Internal to the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

struct pg_result;

namespace pidge::store::postgres {

// The parameters of one statement, in order.
class Parameters {
 public:
    Parameters& octets(std::string_view value);
    Parameters& number(std::int64_t value);
    Parameters& flag(bool value);
    Parameters& none();                                                 // NULL
    Parameters& octets_list(std::span<const std::string_view> values);  // bytea[]
    Parameters& numbers_list(std::span<const std::int64_t> values);     // bigint[]

    std::size_t count() const { return values_.size(); }
    const std::vector<std::optional<Bytes>>& values() const { return values_; }

 private:
    std::vector<std::optional<Bytes>> values_;
};

// The rows that a statement gave. Views live as long as they do.
class Rows {
 public:
    explicit Rows(pg_result* result);

    std::size_t size() const;
    std::string_view octets(std::size_t row, int column) const;
    std::int64_t number(std::size_t row, int column) const;  // bigint
    bool flag(std::size_t row, int column) const;
    std::string text(std::size_t row, int column) const { return Bytes(octets(row, column)); }
    bool is_none(std::size_t row, int column) const;
    std::string_view tag() const;  // "COMMIT", "UPDATE 3"

 private:
    std::shared_ptr<pg_result> result_;
};

}  // namespace pidge::store::postgres
