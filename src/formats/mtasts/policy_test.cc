#include "formats/mtasts/policy.h"

#include <doctest/doctest.h>

#include "formats/mtasts/limits.h"

using namespace pidge;
using mtasts::Mode;

TEST_CASE("the record names the policy by its id") {
    const auto id = [](std::vector<std::string> records) {
        return mtasts::find_id(records).value_or("-");
    };
    CHECK(id({"v=STSv1; id=20160831085700Z;"}) == "20160831085700Z");
    CHECK(id({"v=STSv1;id=a"}) == "a");
    CHECK(id({"v=STSv1 ;\tid=a ; new=1"}) == "a");
    CHECK(id({"v=spf1 -all", "v=STSv1; id=a", "something"}) == "a");
    CHECK(id({"v=STSv10; id=b", "v=STSv1; id=a"}) == "a");
}

TEST_CASE("records that are several, or cannot be read, are none") {
    for (const std::vector<std::string>& records :
         std::vector<std::vector<std::string>>{{},
                                               {"v=STSv1"},
                                               {"v=STSv1;"},
                                               {"v=STSv1; id="},
                                               {"v=STSv1; id=a b"},
                                               {"v=STSv1; id=a-b"},
                                               {"v=STSv1; id=" + std::string(33, 'a')},
                                               {"v=STSv1; id=a; id=b"},
                                               {"v=STSv1; id"},
                                               {"v=STSv1;; id=a"},
                                               {"v=stsv1; id=a"},
                                               {" v=STSv1; id=a"},
                                               {"id=a; v=STSv1"},
                                               {"v=STSv1; id=a", "v=STSv1; id=b"}})
        CHECK_FALSE(mtasts::find_id(records));
}

TEST_CASE("a policy is read, whatever its line ends and further fields") {
    for (const std::string end : {"\n", "\r\n"}) {
        const auto policy = mtasts::read_policy(
            "version: STSv1" + end + "mode: enforce" + end + "mx: Mail.Example.com" + end +
            "mx:*.example.net." + end + "new_field: x: y" + end + "max_age:  604800 " + end);
        REQUIRE_MESSAGE(policy, policy.error().text);
        CHECK(policy->mode == Mode::enforce);
        CHECK(policy->max_age == std::chrono::seconds(604'800));
        CHECK(policy->patterns == std::vector<std::string>{"mail.example.com", "*.example.net"});
        CHECK(mtasts::read_policy([&] {
                  std::string text;
                  for (const std::string& line : mtasts::policy_lines(*policy)) text += line + "\n";
                  return text;
              }())
                  .value() == *policy);
    }
    CHECK(mtasts::read_policy("version: STSv1\nmode: none\nmax_age: 1")->mode == Mode::none);
    // The first of each counts.
    const auto twice = mtasts::read_policy(
        "version: STSv1\nmode: testing\nmode: enforce\nmx: a.b\nmax_age: 1\nmax_age: 2\n");
    CHECK(twice->mode == Mode::testing);
    CHECK(twice->max_age == std::chrono::seconds(1));
    CHECK(mtasts::read_policy("version: STSv1\nmode: testing\nmx: a.b\nmax_age: 9999999999\n")
              ->max_age == mtasts::max_age_max);
}

TEST_CASE("what is no policy is refused") {
    const std::string good = "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 10\n";
    CHECK(mtasts::read_policy(good));
    for (const std::string& body :
         {std::string(), std::string("<html>not found</html>"),
          std::string("mode: enforce\nmx: a.example\nmax_age: 10\n"),
          std::string("version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 10\n"),
          std::string("version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 10\n"),
          std::string("version: STSv1\nmode: enforce\nmax_age: 10\n"),
          std::string("version: STSv1\nmode: enforce\nmx: a.example\n"),
          std::string("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n"),
          std::string("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999\n"),
          good + "mx: *\n", good + "mx: *.*.a\n", good + "mx: a..b\n", good + "mx: a b\n",
          good + "no colon\n", good + std::string(70'000, '\n')})
        CHECK_FALSE(mtasts::read_policy(body));
    std::string many = good;
    for (std::size_t i = 0; i < mtasts::patterns_max; ++i) many += "mx: b.example\n";
    CHECK_FALSE(mtasts::read_policy(many));
}

TEST_CASE("a pattern stands for one host, or for one label") {
    CHECK(mtasts::is_match("mx.example.org", "MX.Example.org"));
    CHECK(mtasts::is_match("mx.example.org", "mx.example.org."));
    CHECK_FALSE(mtasts::is_match("mx.example.org", "mx.example.org.evil"));
    CHECK_FALSE(mtasts::is_match("example.org", "mx.example.org"));
    CHECK(mtasts::is_match("*.example.org", "mx.example.org"));
    CHECK_FALSE(mtasts::is_match("*.example.org", "a.mx.example.org"));
    CHECK_FALSE(mtasts::is_match("*.example.org", "example.org"));
    CHECK_FALSE(mtasts::is_match("*.example.org", ".example.org"));
    CHECK_FALSE(mtasts::is_match("*.example.org", ""));
}
