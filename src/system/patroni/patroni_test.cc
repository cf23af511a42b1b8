#include "system/patroni/patroni.h"

#include <doctest/doctest.h>

#include "system/http/server.h"
#include "system/net/listener.h"
#include "system/net/runtime.h"
#include "system/net/timer.h"
#include "system/patroni/places.h"
#include "system/patroni/version.h"

using namespace pidge;
using namespace pidge::patroni;

namespace {

// The parts of what Patroni 3 and 4 answer, with the version in the path of the request.
net::Task<http::ServerResponse> answer(http::ServerRequest request) {
    const std::string version = request.path.substr(1);
    if (version == "silent") co_await net::sleep_for(std::chrono::seconds(20));
    if (version == "web") co_return http::text_response(200, "<html>hello</html>");
    if (version == "number") co_return http::json_response(200, R"({"patroni": {"version": 4}})");
    // PostgreSQL itself is down: Patroni says 503.
    co_return http::json_response(
        503, R"({"state": "running", "role": "master", "server_version": 150004, "patroni": {)"
             R"("version": ")" +
                 version + R"(", "scope": "pidge", "name": "p1"}})");
}

struct Keeper {
    net::Runtime runtime{1};
    net::Listener listener{
        *net::ListenSocket::tcp(*net::Endpoint::parse("127.0.0.1:0")),
        runtime.loops(),
        {.name = "patroni"},
        [](std::unique_ptr<net::Stream> stream) { return http::serve(std::move(stream), answer); }};
    http::Exchanger exchanger{{}};

    Seen look(const std::string& path) {
        return patroni::look(exchanger, "http://" + listener.endpoint().text() + "/" + path,
                             std::chrono::milliseconds(path == "silent" ? 200 : 10'000));
    }
};

}  // namespace

TEST_CASE("versions are compared place by place") {
    CHECK(read_version("4.0.7") == Version{4, 0, 7});
    CHECK(read_version("4") == Version{4, 0, 0});
    CHECK(read_version("4.1") == Version{4, 1, 0});
    CHECK(read_version("4.0.10rc1") == Version{4, 0, 10});
    CHECK(read_version("4.x") == Version{4, 0, 0});
    for (const char* none : {"", "v4", "x", ".4", "99999999999999"})
        CHECK_FALSE(read_version(none));
    for (const char* old : {"3.0.2", "3.99.99", "4", "4.0.6", "2.1.4"})
        CHECK(*read_version(old) < oldest_safe);
    for (const char* safe : {"4.0.7", "4.0.10", "4.1.0", "5", "10.0.0"})
        CHECK(*read_version(safe) >= oldest_safe);
}

TEST_CASE("an old Patroni is told from one that keeps what was acknowledged") {
    Keeper keeper;
    const Seen old = keeper.look("3.0.2");
    CHECK(old.verdict == Seen::Verdict::loses_mail);
    CHECK(old.version == "3.0.2");
    CHECK(keeper.look("4.0.6").verdict == Seen::Verdict::loses_mail);
    CHECK(keeper.look("4.0.7").verdict == Seen::Verdict::safe);
    CHECK(keeper.look("4.1.0").verdict == Seen::Verdict::safe);
}

TEST_CASE("what is no Patroni, or says nothing, is unknown") {
    Keeper keeper;
    for (const char* path : {"silent", "web", "number", "next"}) {
        CAPTURE(path);
        const Seen seen = keeper.look(path);
        CHECK(seen.verdict == Seen::Verdict::unknown);
        CHECK_FALSE(seen.reason.empty());
    }
    const Seen nobody = look(keeper.exchanger, "http://127.0.0.1:1/patroni");
    CHECK(nobody.verdict == Seen::Verdict::unknown);
    CHECK_FALSE(nobody.reason.empty());
}

TEST_CASE("where Patroni is asked follows from the setting and the hosts of the database") {
    const std::vector<std::string> hosts{"db1", "192.0.2.7", "2001:db8::7"};
    using Urls = std::vector<std::string>;
    CHECK(*places("8008", hosts) == Urls{"http://db1:8008/patroni", "http://192.0.2.7:8008/patroni",
                                         "http://[2001:db8::7]:8008/patroni"});
    CHECK(places("off", hosts)->empty());
    CHECK(places("8008", {})->empty());
    CHECK(*places("https://db1:8009  http://db2:8008/ http://db3/api/patroni", hosts) ==
          Urls{"https://db1:8009/patroni", "http://db2:8008/patroni", "http://db3/api/patroni"});
    for (const char* wrong : {"", " ", "on", "0", "65536", "ftp://db1", "http://", "http:///x"}) {
        CAPTURE(wrong);
        CHECK_FALSE(places(wrong, hosts));
    }
}
