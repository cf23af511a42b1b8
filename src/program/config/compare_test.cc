#include "program/config/compare.h"

#include <doctest/doctest.h>

#include "program/config/read.h"
#include "program/config/suggest.h"

namespace pidge::config {
namespace {

Config with(const std::string& more, const std::string& site = "") {
    const Reading reading = read_text(
        "[site]\nhostname = \"a.example.org\"\n" + site +
            "[[listener]]\nname = \"mx\"\nservice = \"mx\"\naddress = \"127.0.0.1:2525\"\n" + more,
        "/srv/pidge.toml");
    REQUIRE(text_of(reading.mistakes) == "");
    return reading.config;
}

TEST_CASE("Nothing changed is no difference") {
    CHECK(compare(with(""), with("[limits]\nrecipients = 1000\n")).empty());
}

TEST_CASE("Each difference says what it was, what it is and when it takes effect") {
    const auto found =
        compare(with(""), with("connections = 5\n[limits]\nrecipients = 500\n", "node = \"n2\"\n"));
    REQUIRE(found.size() == 3);
    CHECK(found[0].key == "site.node");
    CHECK(found[0].before == "\"n1\"");
    CHECK(found[0].after == "\"n2\"");
    CHECK(found[0].changeable == Changeable::at_restart);
    CHECK(found[1].key == "listener \"mx\".connections");
    CHECK(found[1].changeable == Changeable::at_reload);
    CHECK(found[2].key == "limits.recipients");
}

TEST_CASE("New and removed listeners are differences") {
    const std::string other =
        "[[listener]]\nname = \"two\"\nservice = \"mx\"\naddress = \"127.0.0.1:2526\"\n";
    const auto added = compare(with(""), with(other));
    REQUIRE(added.size() == 1);
    CHECK(added[0].key == "listener \"two\"");
    CHECK(added[0].after == "new");
    const auto removed = compare(with(other), with(""));
    REQUIRE(removed.size() == 1);
    CHECK(removed[0].after == "removed");
}

TEST_CASE("What needs a restart stays as it is in force at a reload") {
    const Config before = with("");
    const Config after =
        reloadable(before, with("[limits]\nrecipients = 500\n", "node = \"n2\"\n"));
    for (const Difference& difference : compare(before, after))
        CHECK(difference.changeable == Changeable::at_reload);
    CHECK(after.site.node == "n1");
    CHECK(after.limits.recipients == 500);
}

TEST_CASE("The closest word is found, and none when there is none") {
    const std::array<std::string_view, 4> words = {"hostname", "node", "data", "message_size"};
    CHECK(closest("hostnme", words) == "hostname");
    CHECK(closest("host", words) == "hostname");
    CHECK(closest("Message-Size", words) == "message_size");
    CHECK(closest("ndoe", words) == "node");
    CHECK(closest("banana", words).empty());
    CHECK(closest("", words).empty());
}

}  // namespace
}  // namespace pidge::config
