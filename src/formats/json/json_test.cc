#include <doctest/doctest.h>

#include "formats/json/place.h"
#include "formats/json/text.h"

using namespace pidge;
using json::Value;

namespace {
std::string again(std::string_view text) {
    const auto value = json::parse(text);
    REQUIRE_MESSAGE(value, text);
    return json::serialise(*value);
}
Refusal refused(std::string_view text, const json::Limits& limits = {}) {
    const auto value = json::parse(text, limits);
    REQUIRE_MESSAGE(!value, text);
    return value.error();
}
}  // namespace

TEST_CASE("JSON text reads and writes back as it was, members in their order") {
    for (const char* text :
         {"null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.5",
          "\"\"", "[]", "{}", R"({"z":1,"a":[1,2,{"b":null}],"m":"x"})",
          R"("\"\\\n\r\t\u0000\u001b\u007f/")", "\"gr\xc3\xbc\xc3\x9f\"", "1e+300"})
        CHECK(again(text) == text);
    CHECK(again(" [ 1 , 2 ]\r\n\t") == "[1,2]");
    CHECK(again(R"("\ud83d\ude00\u00fc\/\b\f")") == "\"\xf0\x9f\x98\x80\xc3\xbc/\\u0008\\u000c\"");
    CHECK(again("18446744073709551615") == "18446744073709551616.0");
    CHECK(again("1.0") == "1.0");
    CHECK(again("1e2") == "100.0");
    CHECK(again("-0.0") == "-0.0");
    CHECK(again("444444444444444444444444444444444444444") == "4.444444444444444e+38");
    CHECK(again("0.1e1") == "1.0");
    CHECK(again("1e-400") == "0.0");
    CHECK(again("1.7976931348623157e308") == "1.7976931348623157e+308");
}

TEST_CASE("pretty JSON is for people") {
    const Value value(
        json::Object{{"a", json::Array{1, "x"}}, {"b", json::Object{}}, {"c", json::Array{}}});
    CHECK(json::serialise(value, json::Layout::pretty) ==
          "{\n  \"a\": [\n    1,\n    \"x\"\n  ],\n  \"b\": {},\n  \"c\": []\n}\n");
}

TEST_CASE("malformed JSON is refused with its line and column") {
    for (const char* text : {"",
                             " ",
                             "nul",
                             "01",
                             "1.",
                             "+1",
                             ".5",
                             "1e",
                             "NaN",
                             "Infinity",
                             "'a'",
                             "[1,]",
                             "{\"a\":1,}",
                             "{a:1}",
                             "[1 2]",
                             "{\"a\" 1}",
                             "[",
                             "{",
                             "\"",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\ud800\"",
                             "\"\\ude00\\ud83d\"",
                             "\"\n\"",
                             "\"\x01\"",
                             "\"\xff\"",
                             "\"\xc0\xaf\"",
                             "\"\xed\xa0\x80\"",
                             "1 2",
                             "[]]",
                             "// a\n1",
                             "\xef\xbb\xbf"
                             "1",
                             "1e999999999999",
                             "1e309",
                             "-1e309"})
        CHECK(refused(text).kind == Refusal::Kind::syntax);
    CHECK(refused("{\n  \"a\": x\n}").text == "line 2, column 8: this is no JSON.");
    CHECK(refused(std::string_view("1\0", 2)).text ==
          "line 1, column 2: something follows the value.");
    CHECK(refused("[1").text == "line 1, column 3: the text ends too early.");
}

TEST_CASE("a name that stands twice in an object is refused") {
    CHECK(refused(R"({"a":1,"b":2,"a":3})").text.ends_with("a name stands twice in this object."));
    CHECK(refused(R"({"a":1,"\u0061":3})").kind == Refusal::Kind::syntax);
    CHECK(again(R"({"a":{"a":1},"b":{"a":1}})") == R"({"a":{"a":1},"b":{"a":1}})");
}

TEST_CASE("[G6] JSON limits hold: size, depth and number of values") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK(json::parse(nested(64)));
    CHECK(refused(nested(65)).kind == Refusal::Kind::limit);
    CHECK(refused(std::string(1'000'000, '[')).kind == Refusal::Kind::limit);
    std::string objects;
    for (int i = 0; i < 65; ++i) objects += "{\"a\":";
    CHECK(refused(objects).kind == Refusal::Kind::limit);
    CHECK(json::parse("[1,2]", {.size_bytes_max = 5}));
    CHECK(refused("[1,2]", {.size_bytes_max = 4}).kind == Refusal::Kind::limit);
    CHECK(json::parse("[1,2]", {.values_max = 3}));
    CHECK(refused("[1,2]", {.values_max = 2}).kind == Refusal::Kind::limit);
}

TEST_CASE("what we write can be read even when a string was not UTF-8") {
    const std::string text = json::serialise(Value("a\xff\xc3\xbc\xc3"));
    CHECK(text == "\"a\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\"");
    CHECK(json::parse(text));
    CHECK(json::serialise(Value(1.0 / 0.0)) == "null");
}

TEST_CASE("large objects find, replace and lose members like small ones") {
    json::Object object;
    for (int i = 0; i < 100; ++i) object.set("k" + std::to_string(i * 37 % 100), i);
    CHECK(object.size() == 100);
    for (int i = 0; i < 100; ++i) {
        const Value* found = object.find("k" + std::to_string(i * 37 % 100));
        REQUIRE(found);
        CHECK(found->integer() == i);
    }
    CHECK(object.begin()->name == "k0");
    object.set("k5", "five");
    CHECK(object.size() == 100);
    CHECK(object.find("k5")->string() == "five");
    for (int i = 0; i < 90; ++i) CHECK(object.erase("k" + std::to_string(i)));
    CHECK_FALSE(object.erase("k5"));
    CHECK_FALSE(object.find("k5"));
    CHECK(object.find("k95"));
    CHECK(json::Object{{"a", 1}, {"b", 2}} == json::Object{{"b", 2}, {"a", 1}});
    CHECK_FALSE(json::Object{{"a", 1}} == json::Object{{"a", 2}});
}

TEST_CASE("pointers find what RFC 6901 section 5 says they find") {
    const Value value = *json::parse(
        R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})");
    CHECK(value.find_pointer("") == &value);
    CHECK(value.find_pointer("/foo")->is_array());
    CHECK(value.find_pointer("/foo/0")->string() == "bar");
    CHECK(value.find_pointer("/")->integer() == 0);
    CHECK(value.find_pointer("/a~1b")->integer() == 1);
    CHECK(value.find_pointer("/i\\j")->integer() == 5);
    CHECK(value.find_pointer("/m~0n")->integer() == 8);
    for (const char* bad :
         {"foo", "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/ 0", "/foo/+0", "/m~n", "/m~",
          "/m~2n", "/foo/0/x", "/foo/", "/foo/18446744073709551616"})
        CHECK_FALSE(value.find_pointer(bad));
    CHECK(json::pointer_token("a/b~c") == "a~1b~0c");
    CHECK(json::pointer_name("a~1b~0c") == "a/b~c");
    CHECK_FALSE(json::pointer_name("a~b"));
}

TEST_CASE("a place refuses with a sentence that names it") {
    const Value value =
        *json::parse(R"({"accounts":[{"name":5,"size":-1,"on":true,"x":null}],"s":"t"})");
    const json::Place in(value);
    const auto accounts = in.array("accounts");
    REQUIRE(accounts);
    const json::Place& first = accounts->at(0);
    CHECK(first.string("name").error().text == "accounts/0/name: expected a string");
    CHECK(first.string("other").error().text == "accounts/0: \"other\" is missing");
    CHECK(first.integer("size", 0).error().text == "accounts/0/size: expected at least 0");
    CHECK(first.integer("name", 0, 4).error().text == "accounts/0/name: expected at most 4");
    CHECK(*first.integer("name") == 5);
    CHECK(*first.boolean("on"));
    CHECK(*first.find_string("x") == std::nullopt);
    CHECK(*first.find_string("y") == std::nullopt);
    CHECK(*in.find_string("s") == "t");
    CHECK(*first.boolean_or("y", true));
    CHECK_FALSE(first.boolean_or("name", true));
    CHECK(*first.integer_or("y", 7) == 7);
    CHECK(first.array_or_empty("y")->empty());
    CHECK(in.array("s").error().text == "s: expected an array");
    CHECK(in.array().error().text == "The JSON value: expected an array");
    CHECK(first.only({"name", "size", "on"}).error().text ==
          "accounts/0/x: there is no such property");
    CHECK(first.only({"name", "size", "on", "x"}));
    CHECK(in.members()->at(1).name == "s");
    CHECK(*in.members()->at(1).place.string() == "t");
}
