// FakeBackend: a backend for tests. It keeps the messages it accepted, decides by simple rules, and
// checks that the server calls in the promised order (smtp/backend.h): a wrong call ends the
// program.
//
// Recipients: unknown…@ does not exist, relay…@ is refused by policy, later…@ temporarily; others
// are accepted. Senders: forged…@ is refused by policy, keepfail…@ at the end of the body. A body
// that holds "VIRUS" is refused as it passes. Login alice, password secret.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocols/smtp/backend.h"

namespace pidge::smtp::testing {

struct FakeMessage {
    MailFrom from;
    std::vector<RcptTo> recipients;
    std::string body;
    ClientState client;
};

class FakeBackend final : public Backend {
 public:
    std::unique_ptr<BackendSession> session(Connection connection) override;

    std::optional<Refusal> refuses_open, refuses_begin;
    std::size_t recipients_max = SIZE_MAX;  // that it tells
    bool keeps_bodies = true;               // false: counts octets only
    std::chrono::seconds end_body_takes{0};
    bool throws_at_end_body = false;  // as if the store were gone

    std::vector<FakeMessage> messages;
    std::uint64_t body_octets = 0;
    std::vector<ClientState> states;     // of client_is()
    std::vector<std::string> refusals;   // "verb text" of refused()
    std::vector<std::string> passwords;  // whatever came to verify_password()
    int open_sessions = 0, begun_transactions = 0;
};

// The verifier of alice's password, or a made-up one.
sasl::ScramVerifier fake_verifier(std::string_view login);

}  // namespace pidge::smtp::testing
