#include "system/store/postgres/values.h"

#include <libpq-fe.h>

#include "base/check.h"
#include "system/store/octets.h"

namespace pidge::store::postgres {

namespace {

// From PostgreSQL's catalogue; fixed for ever.
constexpr std::uint32_t bytea_type = 17, bigint_type = 20;

// The head of an array of one dimension without NULLs.
Bytes array_head(std::size_t count, std::uint32_t type) {
    Bytes head;
    append_u32(head, count == 0 ? 0 : 1);  // dimensions
    append_u32(head, 0);                   // no NULLs
    append_u32(head, type);
    if (count == 0) return head;
    append_u32(head, static_cast<std::uint32_t>(count));
    append_u32(head, 1);  // the index of the first
    return head;
}

}  // namespace

Parameters& Parameters::octets(std::string_view value) {
    values_.emplace_back(Bytes(value));
    return *this;
}

Parameters& Parameters::number(std::int64_t value) {
    Bytes bytes;
    append_u64(bytes, static_cast<std::uint64_t>(value));
    values_.emplace_back(std::move(bytes));
    return *this;
}

Parameters& Parameters::flag(bool value) {
    values_.emplace_back(Bytes(1, value ? '\1' : '\0'));
    return *this;
}

Parameters& Parameters::none() {
    values_.emplace_back(std::nullopt);
    return *this;
}

Parameters& Parameters::octets_list(std::span<const std::string_view> values) {
    Bytes bytes = array_head(values.size(), bytea_type);
    std::size_t size = bytes.size();
    for (const std::string_view value : values) size += 4 + value.size();
    bytes.reserve(size);
    for (const std::string_view value : values) {
        append_u32(bytes, static_cast<std::uint32_t>(value.size()));
        bytes += value;
    }
    values_.emplace_back(std::move(bytes));
    return *this;
}

Parameters& Parameters::numbers_list(std::span<const std::int64_t> values) {
    Bytes bytes = array_head(values.size(), bigint_type);
    for (const std::int64_t value : values) {
        append_u32(bytes, 8);
        append_u64(bytes, static_cast<std::uint64_t>(value));
    }
    values_.emplace_back(std::move(bytes));
    return *this;
}

Rows::Rows(pg_result* result) : result_(result, [](pg_result* each) { ::PQclear(each); }) {}

std::size_t Rows::size() const {
    return static_cast<std::size_t>(::PQntuples(result_.get()));
}

std::string_view Rows::octets(std::size_t row, int column) const {
    const int at = static_cast<int>(row);
    return {::PQgetvalue(result_.get(), at, column),
            static_cast<std::size_t>(::PQgetlength(result_.get(), at, column))};
}

std::int64_t Rows::number(std::size_t row, int column) const {
    const std::string_view value = octets(row, column);
    check(value.size() == 8, "a column of the database is no bigint");
    return static_cast<std::int64_t>(read_u64(value.data()));
}

bool Rows::flag(std::size_t row, int column) const {
    const std::string_view value = octets(row, column);
    return value.size() == 1 && value[0] != '\0';
}

bool Rows::is_none(std::size_t row, int column) const {
    return ::PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
}

std::string_view Rows::tag() const {
    return ::PQcmdStatus(result_.get());
}

}  // namespace pidge::store::postgres
