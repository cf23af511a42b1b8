// The exchanger against a web server of ours on loopback.
#include "system/http/exchanger.h"

#include <doctest/doctest.h>

#include "system/http/server.h"
#include "system/net/listener.h"
#include "system/net/runtime.h"
#include "system/net/timer.h"

using namespace pidge;
using namespace pidge::http;

namespace {

net::Task<ServerResponse> answer(ServerRequest request) {
    if (request.path == "/large") co_return Response{.body = std::string(100'000, 'x')};
    if (request.path == "/moved") co_return Response{.status = 301, .fields = {{"Location", "/"}}};
    if (request.path == "/slow") co_await net::sleep_for(std::chrono::seconds(20));
    Response response = text_response(200, request.method + " " + request.body);
    response.fields.add("X-Seen", request.fields.find("X-Said").value_or("nothing"));
    response.fields.add("X-Type", request.fields.find("Content-Type").value_or("none"));
    co_return response;
}

struct Web {
    net::Runtime runtime{1};
    net::Listener listener{
        *net::ListenSocket::tcp(*net::Endpoint::parse("127.0.0.1:0")),
        runtime.loops(),
        {.name = "web"},
        [](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream), answer); }};
    Exchanger exchanger{{}};

    ExchangeRequest request(const std::string& path) const {
        return {.url = "http://" + listener.endpoint().text() + path};
    }
};

}  // namespace

TEST_CASE("a request arrives as it was made, and its answer with all fields") {
    Web web;
    auto request = web.request("/");
    request.method = "PUT";
    request.fields = {{"X-Said", "hello"}};
    const std::string body(70'000, 'b');
    request.body = body;
    request.answer_octets_max = 80'000;
    const auto done = web.exchanger.exchange(request);
    REQUIRE_MESSAGE(done, done.error().text);
    CHECK(done->status == 200);
    CHECK(done->body == "PUT " + body + "\n");
    CHECK(done->fields.find("x-seen") == "hello");
    CHECK(done->fields.find("x-type") == "none");
    // Over the same connection, and nothing of the last request is left.
    for (const char* method : {"GET", "DELETE", "POST"}) {
        request = web.request("/");
        request.method = method;
        const auto next = web.exchanger.exchange(request);
        REQUIRE_MESSAGE(next, next.error().text);
        CHECK(next->body == std::string(method) + " \n");
        CHECK(next->fields.find("x-seen") == "nothing");
    }
}

TEST_CASE("the answer to HEAD has no body, a redirect is an answer") {
    Web web;
    auto request = web.request("/");
    request.method = "HEAD";
    const auto head = web.exchanger.exchange(request);
    REQUIRE_MESSAGE(head, head.error().text);
    CHECK(head->body.empty());
    CHECK(web.exchanger.exchange(web.request("/moved"))->status == 301);
}

TEST_CASE("an answer that is late or too large is none, and the next one is taken") {
    Web web;
    auto slow = web.request("/slow");
    slow.deadline = std::chrono::milliseconds(200);
    CHECK(web.exchanger.exchange(slow).error().kind == Refusal::Kind::temporary);
    CHECK(web.exchanger.exchange(web.request("/large")).error().kind == Refusal::Kind::limit);
    CHECK(web.exchanger.exchange(web.request("/")));
    web.exchanger.stop();
    CHECK_FALSE(web.exchanger.exchange(web.request("/")));
}

TEST_CASE("who cannot be reached, and what is no address of a service, is told") {
    Exchanger exchanger({});
    const auto nobody = exchanger.exchange({.url = "http://127.0.0.1:1/patroni"});
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().text.starts_with("127.0.0.1:1: "));
    CHECK_FALSE(exchanger.exchange({.url = "file:///etc/passwd"}));
    CHECK_FALSE(exchanger.exchange({.url = "nonsense"}));
}
