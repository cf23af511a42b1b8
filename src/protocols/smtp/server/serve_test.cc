#include <doctest/doctest.h>

#include "base/text.h"
#include "protocols/smtp/server/serve.h"
#include "protocols/smtp/server/session/drain.h"
#include "protocols/smtp/testing/play.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;

namespace {

constexpr std::string_view hello = "EHLO client.example\r\n";
constexpr std::string_view envelope = "MAIL FROM:<a@ext.example>\r\nRCPT TO:<b@site.example>\r\n";

// What is sent after EHLO was answered: the script is read in two pieces only by accident, so it
// says that it waits.
std::string talk(std::string_view input, FakeBackend& backend, const ServerOptions& options,
                 std::size_t piece, bool is_tls = false) {
    return play(serve,
                {.input = std::string(input),
                 .piece_octets = piece,
                 .is_tls = is_tls,
                 .arrival = Arrival::step_by_step},
                backend, options);
}

// One octet at a time nothing is ever ahead of its time.
std::string talk(std::string_view input, FakeBackend& backend, Service service = Service::mx,
                 bool is_tls = false) {
    return talk(input, backend, test_options(service), 1, is_tls);
}

}  // namespace

TEST_CASE("a message is taken and handed over octet for octet") {
    FakeBackend backend;
    const std::string replies = talk(std::string(hello) + std::string(envelope) +
                                         "DATA\r\nSubject: x\r\n\r\n..dot\r\nend\r\n.\r\nQUIT\r\n",
                                     backend);
    CHECK(codes(replies) == "220 250 250 250 354 250 221");
    REQUIRE(backend.messages.size() == 1);
    CHECK(backend.messages[0].body == "Subject: x\r\n\r\n.dot\r\nend\r\n");
    CHECK(backend.messages[0].from.sender->text() == "a@ext.example");
    CHECK(backend.messages[0].recipients[0].recipient.text() == "b@site.example");
    CHECK(backend.messages[0].client.helo == "client.example");
    CHECK(replies.find("250 2.0.0 accepted id1\r\n") != std::string::npos);
    CHECK(backend.open_sessions == 0);
}
