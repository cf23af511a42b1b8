#include <doctest/doctest.h>

#include "base/log.h"
#include "base/text.h"
#include "system/http/client.h"
#include "system/http/reader.h"
#include "system/http/router.h"
#include "system/http/server.h"
#include "system/http/target.h"
#include "system/http/writer.h"
#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::http;

namespace {

// Shows the request as it was understood.
net::Task<ServerResponse> show(ServerRequest request) {
    std::string text = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
    for (const auto& [name, value] : request.fields)
        if (name.starts_with("X-")) text += " " + name + ":" + value;
    text += " [" + request.body + "]";
    co_return text_response(200, text);
}

net::Task<ServerResponse> fail(ServerRequest) {
    throw net::Gone(net::Gone::Why::full, "the pool is full");
    co_return ServerResponse();
}

net::Task<void> send_in_pieces(std::shared_ptr<net::Stream> stream, std::string octets,
                               std::size_t piece) {
    for (std::size_t at = 0; at < octets.size(); at += piece) {
        const std::string_view part = std::string_view(octets).substr(at, piece);
        co_await stream->write(part);
    }
    co_await stream->shutdown();
}

net::Task<std::string> exchange(Handler handler, std::string octets, std::size_t piece,
                                Limits limits) {
    auto [server, client] = net::memory_pair({.capacity = std::min<std::size_t>(piece, 65'536)});
    std::shared_ptr<net::Stream> ours = std::move(client);
    net::spawn("http", serve(std::move(server), std::move(handler), limits));
    net::spawn("send", send_in_pieces(ours, std::move(octets), piece));
    std::string all;
    try {
        for (;;) {
            char buffer[4096];
            const std::size_t size = co_await ours->read_some(buffer);
            if (size == 0) break;
            all.append(buffer, size);
        }
    } catch (const net::Gone&) {
        // What came before it counts.
    }
    co_return all;
}

// What the server says to these octets, without the Date.
std::string said(const std::string& octets, Handler handler = show, Limits limits = {},
                 std::size_t piece = 100'000) {
    std::string all =
        net::run(exchange(std::move(handler), octets, piece, limits), net::TimeSource::simulated);
    for (std::size_t at; (at = all.find("Date: ")) != std::string::npos;)
        all.erase(at, all.find("\r\n", at) + 2 - at);
    return all;
}

std::string status_of(const std::string& octets, Limits limits = {}) {
    const std::string all = said(octets, show, limits);
    return all.size() < 12 ? all : all.substr(9, 3);
}

// The status with which the reader refuses these octets, coming in pieces as from a socket; 0: not
// refused.
int refused(std::string_view octets) {
    Reader reader(Reader::Kind::request, {});
    std::string input;
    while (!octets.empty()) {
        input += octets.substr(0, 16'384);
        octets.remove_prefix(std::min<std::size_t>(octets.size(), 16'384));
        auto progress = reader.take(input);
        if (progress && *progress == Reader::Progress::header_read) progress = reader.take(input);
        if (!progress) return progress.error().reply_code;
    }
    return 0;
}

const std::string ok_fields = "Content-Type: text/plain; charset=utf-8\r\n";
std::string ok(const std::string& body) {
    return "HTTP/1.1 200 OK\r\n" + ok_fields +
           "Content-Length: " + std::to_string(body.size() + 1) + "\r\n\r\n" + body + "\n";
}

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++n;
    return n;
}

}  // namespace

TEST_CASE(
    "requests on a kept connection are answered in turn, also when they come together or octet by "
    "octet") {
    const std::string octets =
        "GET /a%20b/c?x=1&y=a+b%2B&flag HTTP/1.1\r\nHost: h\r\nX-One: 1\r\n\r\n"
        "POST /p HTTP/1.1\r\nhost: h\r\nContent-Length: 5\r\n\r\nhello"
        "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: no\r\n\r\n"
        "PUT /e HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        "GET /last HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string expected = ok("GET /a b/c x=1 y=a b+ flag= X-One:1 []") +
                                 ok("POST /p [hello]") + ok("PUT /c [abcde]") + ok("PUT /e []") +
                                 ok("GET /last []");
    CHECK(said(octets) == expected);
    for (const std::size_t piece : {1, 2, 3, 7, 50})
        CHECK(said(octets, show, {}, piece) == expected);
}

TEST_CASE("HTTP/1.0 and Connection: close end the connection after the answer") {
    CHECK(count(said("GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n"), "200 OK") == 1);
    const std::string closed = said(
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(count(closed, "200 OK") == 1);
    CHECK(count(closed, "Connection: close\r\n") == 1);
    std::string many;
    for (int i = 0; i < 5; ++i) many += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    CHECK(count(said(many, show, {.requests_max = 3}), "200 OK") == 3);
}

TEST_CASE("HEAD has the fields of GET and no body; 204 has neither") {
    CHECK(said("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n") ==
          "HTTP/1.1 200 OK\r\n" + ok_fields + "Content-Length: 10\r\n\r\n");
    const auto nothing = [](ServerRequest) -> net::Task<ServerResponse> {
        co_return Response{.status = 204};
    };
    CHECK(said("GET / HTTP/1.1\r\nHost: h\r\n\r\n", nothing) == "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE(
    "a request that two readers could take differently is refused, and nothing after it is run") {
    const std::string next = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    const auto post = [&](const std::string& fields, const std::string& body) {
        return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body + next;
    };
    const std::vector<std::string> bad = {
        post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
        post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
        post("Content-Length: 5, 5\r\n", "hello"),
        post("Content-Length: +5\r\n", "hello"),
        post("Content-Length: -5\r\n", "hello"),
        post("Content-Length: 0x5\r\n", "hello"),
        post("Content-Length: \r\n", ""),
        post("Content-Length: 18446744073709551621\r\n", "hello"),
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        post("Content-Length : 5\r\n", "hello"),
        post("Transfer-Encoding: chunked\r\n", "g\r\nx\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n", "1\r\nxy\r\n0\r\n\r\n"),
        post("X: a\rb\r\n", ""),
        "POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello" + next,
        "GET / HTTP/1.1\r\n\r\n" + next,
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + next,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next,
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n" + next,
        "GET / HTTP/1.1 \r\nHost: h\r\n\r\n" + next,
        "GET / HTTP/1.1\r\nHost: h\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n" + next,
    };
    for (const std::string& octets : bad) {
        CAPTURE(text::printable(octets));
        for (const std::size_t piece : {1, 100'000}) {
            const std::string all = said(octets, show, {}, piece);
            // A first line that ends in another way looks like an unknown version.
            CHECK((all.starts_with("HTTP/1.1 400 ") || all.starts_with("HTTP/1.1 505 ")));
            CHECK(count(all, "HTTP/1.1 ") == 1);
            CHECK(count(all, "Connection: close\r\n") == 1);
        }
    }
    CHECK(status_of(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")) == "501");
    CHECK(status_of(post("Transfer-Encoding: gzip\r\n", "")) == "501");
    CHECK(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == "505");
}

TEST_CASE("paths are decoded once, and none climbs or hides") {
    for (const char* target : {"http://other/x", "*", "x", "/%", "/%4", "/%zz", "/a/../b",
                               "/%2e%2e/b", "/a/.", "/a%00b"})
        CHECK_MESSAGE(
            status_of(std::string("GET ") + target + " HTTP/1.1\r\nHost: h\r\n\r\n") == "400",
            target);
    CHECK(status_of("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n") == "200");
    CHECK(read_target("/%2525?a=%3D&&b=c=d")->path == "/%25");
    const auto query = read_target("/?a=%3D&&b=c=d")->query;
    CHECK(query ==
          std::vector<std::pair<std::string, std::string>>{{"a", "="}, {"", ""}, {"b", "c=d"}});
    const std::string path = "/a b/\xc3\xbc?#%";
    const auto back = read_target(write_target(path, {{"k&", "v=+ "}}));
    CHECK(back->path == path);
    CHECK(back->query == std::vector<std::pair<std::string, std::string>>{{"k&", "v=+ "}});
}

TEST_CASE("[G6] limits of header and body hold before the octets have come") {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
    CHECK(status_of(head + "Content-Length: 10000001\r\n\r\n") == "413");
    CHECK(status_of(head + "Content-Length: 11\r\n\r\nhello world", {.body_octets_max = 11}) ==
          "200");
    CHECK(status_of(head + "Content-Length: 12\r\n\r\nhello world!", {.body_octets_max = 11}) ==
          "413");
    const std::string chunks =
        "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n6\r\nworld!\r\n0\r\n\r\n";
    CHECK(status_of(head + chunks, {.body_octets_max = 12}) == "200");
    CHECK(status_of(head + chunks, {.body_octets_max = 11}) == "413");
    CHECK(refused(head + "X: " + std::string(20'000, 'x') + "\r\n\r\n") == 431);
    CHECK(refused(head + "X: " + std::string(10'000'000, 'x')) == 431);
    CHECK(refused("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n") == 431);
    std::string fields;
    for (int i = 0; i < 5'000; ++i) fields += "A: b\r\n";
    CHECK(refused(head + fields + "\r\n") == 431);
    // Chunk extensions and trailers have no length of their own to be refused by.
    const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    CHECK(refused(chunked + "1;" + std::string(1'000'000, 'x')) == 400);
    CHECK(refused(chunked + "0\r\nX: " + std::string(1'000'000, 'x')) == 400);
    CHECK(refused(std::string(100'000, 'x')) >= 400);
}

TEST_CASE("Expect: 100-continue is answered before the body, other expectations are refused") {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n";
    const std::string all = said(head + "Expect: 100-Continue\r\n\r\nhi", show, {}, 1);
    CHECK(all == "HTTP/1.1 100 Continue\r\n\r\n" + ok("POST / [hi]"));
    CHECK(said(head + "Expect: 100-continue\r\n\r\nhi") ==
          ok("POST / [hi]"));  // the body is there already
    CHECK(status_of(head + "Expect: tea\r\n\r\nhi") == "417");
    CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\nExpect: "
                    "100-continue\r\n\r\n") == "413");
}

TEST_CASE("[F09] what is no HTTP is answered once and closed") {
    for (const char* octets : {"EHLO client.example\r\nMAIL FROM:<x@y>\r\n", "a1 LOGIN x y\r\n",
                               "\x16\x03\x01\x02\x00\x01\r\n", "\r\n\r\n\r\n\r\n"}) {
        CAPTURE(octets);
        const std::string all = said(octets);
        CHECK(count(all, "HTTP/1.1 ") <= 1);
        CHECK(count(all, "HTTP/1.1 200") == 0);
    }
}

TEST_CASE("a handler that fails is a 503, and the connection goes on") {
    std::string line;
    log::configure({.sink = [&](std::string_view text) { line = text; }});
    const std::string all =
        said("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n", fail);
    log::configure({});
    CHECK(count(all, "HTTP/1.1 503 Service Unavailable\r\n") == 2);
    CHECK(line.find("http-handler-failed") != std::string::npos);
    CHECK(all.find("pool") == std::string::npos);
}

TEST_CASE("a value of a field cannot write another field") {
    Response response{.fields = {{"Location", "/x\r\nSet-Cookie: a=b"}, {"Content-Length", "7"}},
                      .body = "12"};
    CHECK(write_response_header(response, Keep::yes, Length::known, "now") ==
          "HTTP/1.1 200 OK\r\nDate: now\r\nLocation: /x  Set-Cookie: a=b\r\nContent-Length: "
          "2\r\n\r\n");
}

namespace {
net::Task<ServerResponse> events(ServerRequest) {
    ServerResponse response;
    response.fields.set("Content-Type", "text/event-stream");
    response.then = [](net::Stream& stream) { return stream.write("data: 1\n\n"); };
    co_return response;
}

// Opens a connection, says `octets` and nothing more, and waits for the server to close it.
net::Task<std::chrono::nanoseconds> stay_silent_after(std::string octets) {
    auto [server, client] = net::memory_pair();
    net::spawn("http", serve(std::move(server), show));
    const SteadyTime start = net::this_loop().now();
    co_await client->write(octets);
    char buffer[4096];
    try {
        while (co_await client->read_some(buffer) > 0) {
        }
    } catch (const net::Gone&) {
    }
    co_return net::this_loop().now() - start;
}
}  // namespace

TEST_CASE("a body of unknown length is written by the handler until the connection closes") {
    CHECK(said("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", events) ==
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: "
          "1\n\n");
}

TEST_CASE("a peer that is slow or silent loses its connection") {
    using namespace std::chrono_literals;
    const auto of = [](const std::string& octets) {
        return net::run(stay_silent_after(octets), net::TimeSource::simulated);
    };
    CHECK(of("G") < 20s);
    CHECK(of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel") < 20s);
    CHECK(of("GET / HTTP/1.1\r\nHost: h\r\n\r\n") > 50s);
    CHECK(of("GET / HTTP/1.1\r\nHost: h\r\n\r\n") < 70s);
}

namespace {

net::Task<std::string> ask_twice() {
    Router router;
    router.on("POST", "/api/echo", show)
        .on("GET", "/files/*", show)
        .on("GET", "/files/special", fail);
    auto [server, client] = net::memory_pair();
    net::spawn("http", serve(std::move(server), router));
    std::string all;
    const std::vector<Request> requests = {
        {.method = "POST",
         .path = "/api/echo",
         .query = {{"q", "1 2"}},
         .body = std::string(200'000, 'b')},
        {.method = "GET", .path = "/files/a b"},
        {.method = "GET", .path = "/files"},
        {.method = "HEAD", .path = "/files/x"},
        {.method = "DELETE", .path = "/api/echo"},
        {.method = "GET", .path = "/other"},
    };
    for (const Request& one : requests) {
        const Response response = co_await request(*client, one);
        all += std::to_string(response.status) + " " +
               std::string(response.fields.find("Allow").value_or("")) + " " +
               (response.body.size() < 100 ? response.body
                                           : std::to_string(response.body.size()) + "\n");
    }
    co_return all;
}

net::Task<void> say(std::shared_ptr<net::Stream> stream, std::string octets) {
    char buffer[4096];
    co_await stream->read_some(buffer);
    co_await stream->write(octets);
    co_await stream->shutdown();
}

net::Task<Response> ask_one_that_says(std::string octets, std::string method) {
    auto [server, client] = net::memory_pair();
    net::spawn("say", say(std::shared_ptr<net::Stream>(std::move(server)), std::move(octets)));
    Request asked{.method = method};
    co_return co_await request(*client, std::move(asked));
}

Response heard(const std::string& octets, const std::string& method = "GET") {
    return net::run(ask_one_that_says(octets, method), net::TimeSource::simulated);
}

}  // namespace

TEST_CASE("the client, the server and the router understand each other") {
    CHECK(net::run(ask_twice(), net::TimeSource::simulated) ==
          "200  200024\n200  GET /files/a b []\n200  GET /files []\n200  405 POST This cannot be "
          "done here.\n"
          "404  There is nothing here.\n");
}

TEST_CASE(
    "the client reads answers of every length, skips interim ones, and gives up on what is no "
    "answer") {
    CHECK(heard("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").body == "hi");
    CHECK(heard("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").body ==
          "hi");
    CHECK(heard("HTTP/1.1 200 OK\r\n\r\nuntil the end").body == "until the end");
    CHECK(heard("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 404 "
                "No\r\nContent-Length: 0\r\n\r\n")
              .status == 404);
    CHECK(heard("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", "HEAD").body == "");
    CHECK(heard("HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n").body == "");
    for (const char* bad :
         {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort",
          "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi there",
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"})
        CHECK_THROWS_AS(heard(bad), net::Gone);
}
