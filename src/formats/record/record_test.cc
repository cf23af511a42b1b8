#include "formats/record/record.h"

#include <doctest/doctest.h>

using namespace pidge;

TEST_CASE("a record reads back, and a reader meets fields it does not know") {
    record::Writer out(1);
    out.number(1, 0);
    out.number(2, UINT64_MAX);
    out.signed_number(3, -7);
    out.bytes(4, "");
    out.element(5, "");
    out.element(5, "abc");
    const Bytes bytes = out.take();

    record::Reader in(bytes);
    CHECK(in.version() == 1);
    auto field = in.next();
    CHECK((field && field->number == 2 && field->value == UINT64_MAX));
    field = in.next();
    CHECK((field && field->number == 3 && field->signed_value() == -7));
    field = in.next();
    CHECK((field && field->number == 5 && field->is_bytes && field->bytes.empty()));
    field = in.next();
    CHECK((field && field->number == 5 && field->bytes == "abc"));
    CHECK_FALSE(in.next());
    CHECK_FALSE(in.is_broken());
}

TEST_CASE("a cut or damaged record is broken, never overread") {
    record::Writer out(1);
    out.number(2, 300);
    out.bytes(4, "hello");
    const Bytes bytes = out.take();
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        record::Reader in(std::string_view(bytes).substr(0, n));
        while (in.next()) {
        }
        CHECK((in.is_broken() || n == 1 || n == 4));  // whole fields end there
    }
    const Bytes without_end = std::string("\x01") + std::string(20, '\xff');
    record::Reader endless(without_end);
    CHECK_FALSE(endless.next());
    CHECK(endless.is_broken());
}

TEST_CASE("integers in keys sort like numbers") {
    CHECK(record::big_endian(255) < record::big_endian(256));
    CHECK(record::read_big_endian(record::big_endian(1234567)) == 1234567);
    CHECK_FALSE(record::read_big_endian("1234567"));
}
