// ClientExchange: our side of an authentication at another server: SCRAM-SHA-256 with and without
// channel binding (RFC 5802, 7677), PLAIN (RFC 4616), LOGIN. Pure; messages are decoded from
// base64. The salted password is computed in respond(), which takes up to limits::iterations_max
// rounds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "protocols/sasl/channel_binding.h"
#include "protocols/sasl/mechanism.h"

namespace pidge::sasl {

struct ClientCredentials {
    std::string authorization;  // empty: the login's own
    std::string login;
    std::string password;
};

class ClientExchange {
 public:
    // The best of what the server offers; nullopt: none that we may use. PLAIN and LOGIN are only
    // used within TLS (`tls` not null).
    static std::optional<Mechanism> choose(const std::vector<Mechanism>& offered,
                                           const net::TlsInfo* tls);

    // Refuses names and passwords that cannot be prepared. `offers_plus`: the server offers
    // SCRAM-SHA-256-PLUS; the exchange then fails at the server if somebody took that out on the
    // way.
    static Result<ClientExchange> create(Mechanism mechanism, const ClientCredentials& credentials,
                                         const net::TlsInfo* tls, bool offers_plus);

    // The initial response; nullopt: the mechanism has none, the server speaks first.
    std::optional<std::string> begin();
    // The response to a challenge. Refuses when the server's message cannot be read or does not
    // prove that the server knows the verifier; the exchange must then be cancelled.
    Result<std::string> respond(std::string_view challenge);
    // Whether the server's success may be believed now: in SCRAM only after its proof.
    bool is_finished() const { return expects_ == Expects::success; }

 private:
    enum class Expects : std::uint8_t {
        begin,
        name_prompt,      // LOGIN
        password_prompt,  // LOGIN
        server_first,
        server_final,
        success
    };

    ClientExchange() = default;
    Result<std::string> answer_first(std::string_view message);
    Result<std::string> check_final(std::string_view message) const;

    Mechanism mechanism_ = Mechanism::plain;
    ClientCredentials credentials_;  // prepared
    std::string gs2_header_, binding_data_, nonce_, first_bare_, server_signature_;
    Expects expects_ = Expects::begin;
};

}  // namespace pidge::sasl
