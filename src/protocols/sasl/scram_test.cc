#include <doctest/doctest.h>

#include "base/text.h"
#include "protocols/sasl/client_exchange.h"
#include "protocols/sasl/plain.h"
#include "protocols/sasl/prepare.h"
#include "protocols/sasl/scram_keys.h"
#include "protocols/sasl/scram_server.h"

using namespace pidge;
using namespace pidge::sasl;

namespace {

ScramVerifier verifier_of(std::string_view password, std::string salt,
                          std::uint32_t iterations = 4096) {
    const ScramKeys keys = keys_of(password, salt, iterations);
    return {.salt = salt,
            .iterations = iterations,
            .keys = {{keys.stored_key, keys.server_key, "password"}},
            .identity = {.login = "user"},
            .is_real = true};
}

const net::TlsInfo tls{.server_end_point = "end point", .exporter = "exported"};

struct Run {
    std::string client_password = "pencil";
    ScramServer::Variant variant = ScramServer::Variant::plain;
    const net::TlsInfo* client_tls = nullptr;
    const net::TlsInfo* server_tls = nullptr;
    bool server_offers_plus = false;
    bool client_sees_plus = false;
    bool is_real = true;

    // "ok", or where it ended.
    std::string result() const {
        const Mechanism mechanism = variant == ScramServer::Variant::plus
                                        ? Mechanism::scram_sha_256_plus
                                        : Mechanism::scram_sha_256;
        auto client =
            ClientExchange::create(mechanism, {.login = "user", .password = client_password},
                                   client_tls, client_sees_plus);
        REQUIRE(client);
        ScramServer server(variant, server_tls, server_offers_plus, "servernonce");
        const auto first = server.client_first(client->begin().value());
        if (!first) return "first";
        ScramVerifier verifier = verifier_of("pencil", "salt");
        verifier.is_real = is_real;
        const auto final = client->respond(server.server_first(verifier));
        if (!final) return "client";
        const auto outcome = server.client_final(*final);
        if (!outcome) return "binding";
        if (!outcome->proof_holds) return "proof";
        CHECK_FALSE(client->is_finished());
        if (!client->respond(outcome->message)) return "server proof";
        CHECK(client->is_finished());
        return "ok";
    }
};

}  // namespace

TEST_CASE("each of several passwords proves who it is, and by which of them") {
    for (const char* typed : {"pencil", "laptop password", "phone password", "wrong"}) {
        CAPTURE(typed);
        auto client = ClientExchange::create(Mechanism::scram_sha_256,
                                             {.login = "user", .password = typed}, nullptr, false);
        REQUIRE(client);
        ScramServer server(ScramServer::Variant::plain, nullptr, false, "servernonce");
        REQUIRE(server.client_first(client->begin().value()));
        ScramVerifier verifier = verifier_of("pencil", "salt");
        for (const char* more : {"laptop password", "phone password"}) {
            const ScramKeys keys = keys_of(more, "salt", 4096);
            verifier.keys.push_back({keys.stored_key, keys.server_key, more});
        }
        const auto final = client->respond(server.server_first(verifier));
        REQUIRE(final);
        const auto outcome = server.client_final(*final);
        REQUIRE(outcome);
        if (std::string_view(typed) == "wrong") {
            CHECK_FALSE(outcome->proof_holds);
            continue;
        }
        CHECK(outcome->proof_holds);
        CHECK(client->respond(outcome->message));  // the server's proof is by the same password
        CHECK(server.verifier().identity.credential ==
              (std::string_view(typed) == "pencil" ? "password" : typed));
    }
}

TEST_CASE("the exchange of RFC 7677 §3 comes out as printed there") {
    ScramServer server(ScramServer::Variant::plain, nullptr, false,
                       "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    const auto first = server.client_first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    REQUIRE(first);
    CHECK(first->login == "user");
    const std::string salt = *text::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==");
    CHECK(server.server_first(verifier_of("pencil", salt)) ==
          "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    const auto final = server.client_final(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+"
        "Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    REQUIRE(final);
    CHECK(final->proof_holds);
    CHECK(final->message == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("client and server agree exactly when password and binding do") {
    CHECK(Run{}.result() == "ok");
    CHECK(Run{.client_password = "pencils"}.result() == "proof");
    CHECK(Run{.is_real = false}.result() == "proof");
    using enum ScramServer::Variant;
    CHECK(Run{.variant = plus,
              .client_tls = &tls,
              .server_tls = &tls,
              .server_offers_plus = true,
              .client_sees_plus = true}
              .result() == "ok");
    // Somebody in between: the server's TLS session is another one.
    const net::TlsInfo other{.server_end_point = "end point", .exporter = "other"};
    CHECK(Run{.variant = plus,
              .client_tls = &tls,
              .server_tls = &other,
              .server_offers_plus = true,
              .client_sees_plus = true}
              .result() == "binding");
    CHECK(Run{.variant = plus, .client_tls = &tls, .server_tls = nullptr}.result() == "first");
    // A session without an exporter falls back to the certificate, and both sides know it.
    const net::TlsInfo old{.server_end_point = "end point"};
    CHECK(Run{.variant = plus, .client_tls = &old, .server_tls = &tls, .server_offers_plus = true}
              .result() == "ok");
}

TEST_CASE("[T03] a list of mechanisms without -PLUS that was forged is noticed") {
    CHECK(Run{.client_tls = &tls,
              .server_tls = &tls,
              .server_offers_plus = true,
              .client_sees_plus = false}
              .result() == "first");
    CHECK(Run{.client_tls = &tls,
              .server_tls = &tls,
              .server_offers_plus = false,
              .client_sees_plus = false}
              .result() == "ok");
    // The client chose not to bind although it saw the offer.
    CHECK(Run{.client_tls = &tls,
              .server_tls = &tls,
              .server_offers_plus = true,
              .client_sees_plus = true}
              .result() == "ok");
}

TEST_CASE("messages of SCRAM that are none are refused") {
    for (const std::string_view message :
         {"", "n", "n,", "n,,", "x,,n=user,r=abc", "n,,r=abc", "n,,n=user",
          "n,,n=user,r=", "n,,m=x,n=user,r=abc", "n,,n=us=er,r=abc", "n,,n=us=2c,r=abc",
          "n,b=x,n=user,r=abc", "p,,n=user,r=abc", "p=,,n=user,r=abc", "n,,n=,r=abc",
          "n,a=,n=user,r=abc", "n,,n=user,r=a\x01", "n,,n=us\x01,r=abc", "n,,n=\xff,r=abc"})
        CHECK_FALSE(parse_client_first(message).has_value());
    CHECK(parse_client_first("n,a=o=2Cp,n=us=3Der,r=abc")->authorization == "o,p");
    for (const std::string_view message :
         {"", "r=a", "r=a,s=!,i=4096", "r=a,s=YQ==,i=1", "r=a,s=YQ==,i=99999999", "r=a,s=,i=4096",
          "m=x,r=a,s=YQ==,i=4096", "r=a,s=YQ==,i=-4096"})
        CHECK_FALSE(parse_server_first(message).has_value());
    for (const std::string_view message :
         {"", "c=biws,r=a", "c=biws,r=a,p=!", "c=biws,r=a,p=YQ==", "p=YQ==", "c=!,r=a,p="})
        CHECK_FALSE(parse_client_final(message).has_value());
}

TEST_CASE("the client believes no server without its proof") {
    const auto started = [] {
        auto client = ClientExchange::create(
            Mechanism::scram_sha_256, {.login = "user", .password = "pencil"}, nullptr, false);
        REQUIRE(client);
        const std::string first = client->begin().value();
        const std::string nonce = first.substr(first.find("r=") + 2);
        return std::pair{std::move(*client), nonce};
    };
    auto [foreign, unused] = started();
    CHECK_FALSE(foreign.respond("r=another,s=YQ==,i=4096").has_value());
    auto [same, nonce] = started();
    CHECK_FALSE(same.respond("r=" + nonce + ",s=YQ==,i=4096").has_value());
    for (const std::string_view last : {"", "v=", "v=YQ==", "e=other-error", "x"}) {
        auto [client, ours] = started();
        REQUIRE(client.respond("r=" + ours + "x,s=YQ==,i=4096"));
        CHECK_FALSE(client.respond(last).has_value());
        CHECK_FALSE(client.is_finished());
    }
}

TEST_CASE("PLAIN has exactly three fields, prepared") {
    const auto good = parse_plain(std::string("admin\0user\0pa ss", 16));
    REQUIRE(good);
    CHECK(good->authorization == "admin");
    CHECK(good->login == "user");
    CHECK(good->password == "pa ss");
    for (const std::string& bad :
         {std::string(), std::string("a"), std::string("a\0b", 3), std::string("\0\0p", 3),
          std::string("\0u\0", 3), std::string("\0u\0p\0x", 6), std::string("\0u\n\0p", 5),
          std::string("\0u\0p\r", 5), std::string("\0\xff\0p", 4), "\0" + std::string(300, 'x')})
        CHECK_FALSE(parse_plain(bad).has_value());
    CHECK(plain_message("", "u", "p") == std::string("\0u\0p", 4));
}

TEST_CASE("names and passwords are compared in one form") {
    CHECK(*prepare_login("e\u0301") == "\u00e9");
    CHECK(*prepare_password("a\u00a0b\u3000") == "a b ");
    CHECK_FALSE(prepare_password(std::string_view("a\0b", 3)));
    CHECK_FALSE(prepare_login("a\u202eb"));
    CHECK_FALSE(prepare_login(""));
    CHECK_FALSE(prepare_login(std::string(256, 'a')));
    CHECK_FALSE(prepare_password(std::string(1025, 'a')));
}

TEST_CASE("the best mechanism that may be used is chosen") {
    using enum Mechanism;
    CHECK(ClientExchange::choose({plain, scram_sha_256, scram_sha_256_plus}, &tls) ==
          scram_sha_256_plus);
    CHECK(ClientExchange::choose({plain, scram_sha_256, scram_sha_256_plus}, nullptr) ==
          scram_sha_256);
    CHECK(ClientExchange::choose({plain, login}, &tls) == plain);
    CHECK(ClientExchange::choose({Mechanism::login}, &tls) == Mechanism::login);
    CHECK_FALSE(ClientExchange::choose({plain, login}, nullptr));
    CHECK_FALSE(ClientExchange::choose({}, &tls));
}

TEST_CASE("LOGIN waits for its two prompts, whatever they say") {
    auto client = ClientExchange::create(Mechanism::login, {.login = "user", .password = "pencil"},
                                         &tls, false);
    REQUIRE(client);
    CHECK_FALSE(client->begin());
    CHECK(client->respond("Username:").value_or("") == "user");
    CHECK_FALSE(client->is_finished());
    CHECK(client->respond("").value_or("") == "pencil");
    CHECK(client->is_finished());
    CHECK_FALSE(client->respond("more"));
}
