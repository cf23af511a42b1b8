#include "protocols/smtp/testing/fake_backend.h"

#include <stdexcept>

#include "base/check.h"
#include "protocols/sasl/prepare.h"
#include "protocols/sasl/scram_keys.h"
#include "system/net/timer.h"

namespace pidge::smtp::testing {
namespace {

class FakeSession final : public BackendSession {
 public:
    explicit FakeSession(FakeBackend& backend) : backend_(backend) { ++backend_.open_sessions; }
    ~FakeSession() override {
        check(is_closed_, "closed() comes before the end");
        --backend_.open_sessions;
    }

    net::Task<Result<void>> open() override {
        check(!std::exchange(is_open_, true), "open() comes once");
        if (backend_.refuses_open) co_return *backend_.refuses_open;
        co_return Result<void>{};
    }

    void client_is(ClientState state) override {
        check(is_open_ && !is_begun_, "client_is() comes between transactions");
        client_ = state;
        backend_.states.push_back(std::move(state));
    }

    std::size_t recipients_max() const override { return backend_.recipients_max; }

    net::Task<Result<void>> mail(MailFrom from) override {
        check(is_open_ && !is_begun_ && !client_.helo.empty(), "mail() begins a transaction");
        is_begun_ = true;
        ++backend_.begun_transactions;
        message_ = FakeMessage{.from = std::move(from), .client = client_};
        const std::string local = message_.from.sender ? message_.from.sender->local_part : "";
        if (local.starts_with("forged")) {
            is_refused_ = true;
            co_return Refusal{.kind = Refusal::Kind::policy,
                              .text = "This address is not yours",
                              .status = {5, 7, 1},
                              .reply_code = 553,
                              .code = "SND-OWN"};
        }
        co_return Result<void>{};
    }

    net::Task<Result<void>> rcpt(RcptTo to) override {
        check(is_begun_ && !is_refused_ && !is_in_body_, "rcpt() comes after mail()");
        const std::string& local = to.recipient.local_part;
        if (local.starts_with("unknown"))
            co_return Refusal{
                .kind = Refusal::Kind::not_found, .text = "No such user", .status = {5, 1, 1}};
        if (local.starts_with("relay"))
            co_return Refusal{
                .kind = Refusal::Kind::policy, .text = "No relaying", .code = "RLY-OPN"};
        if (local.starts_with("later"))
            co_return Refusal{
                .kind = Refusal::Kind::temporary, .text = "Later", .status = {4, 2, 1}};
        message_.recipients.push_back(std::move(to));
        co_return Result<void>{};
    }

    net::Task<Result<void>> begin_body() override {
        check(is_begun_ && !message_.recipients.empty() && !is_in_body_,
              "begin_body() comes after rcpt()");
        if (backend_.refuses_begin) {
            is_refused_ = true;
            co_return *backend_.refuses_begin;
        }
        is_in_body_ = true;
        co_return Result<void>{};
    }

    net::Task<Result<void>> body(std::string_view bytes) override {
        check(is_in_body_ && !is_refused_ && !bytes.empty(), "body() comes after begin_body()");
        backend_.body_octets += bytes.size();
        if (backend_.keeps_bodies) message_.body += bytes;
        if (message_.body.find("VIRUS") == std::string::npos) co_return Result<void>{};
        is_refused_ = true;
        co_return Refusal{.kind = Refusal::Kind::policy, .text = "No viruses", .status = {5, 7, 1}};
    }

    net::Task<Result<Accepted>> end_body() override {
        check(is_in_body_ && !is_refused_, "end_body() comes after body()");
        is_refused_ = true;  // nothing but reset() may follow
        if (backend_.end_body_takes.count() > 0) co_await net::sleep_for(backend_.end_body_takes);
        if (backend_.throws_at_end_body) throw std::runtime_error("the store is gone");
        if (message_.from.sender && message_.from.sender->local_part.starts_with("keepfail"))
            co_return Refusal{
                .kind = Refusal::Kind::temporary, .text = "Disk full", .status = {4, 3, 1}};
        backend_.messages.push_back(std::move(message_));
        co_return Accepted{.queue_id = "id" + std::to_string(backend_.messages.size())};
    }

    void reset() override {
        is_begun_ = is_in_body_ = is_refused_ = false;
        message_ = FakeMessage();
    }

    void refused(std::string_view command, const Refusal& why) override {
        if (backend_.refusals.size() < 1000)
            backend_.refusals.push_back(std::string(command) + " " + why.text);
    }

    void closed(std::string_view) override {
        check(!is_begun_, "a transaction is reset before closed()");
        is_closed_ = true;
    }

    net::Task<Result<sasl::Identity>> verify_password(std::string authorization, std::string login,
                                                      std::string password, std::string) override {
        backend_.passwords.push_back(password);
        if (login != "alice" || password != "secret") co_return sasl::bad_credentials();
        co_return sasl::Identity{
            .principal = "p-alice", .login = login, .acting_for = authorization};
    }

    net::Task<Result<sasl::ScramVerifier>> find_scram_verifier(std::string,
                                                               std::string login) override {
        co_return fake_verifier(login);
    }

    net::Task<Result<sasl::Identity>> scram_finished(sasl::ScramVerifier verifier, bool proof_holds,
                                                     std::string) override {
        if (!proof_holds) co_return sasl::bad_credentials();
        co_return verifier.identity;
    }

 private:
    FakeBackend& backend_;
    FakeMessage message_;
    ClientState client_;
    bool is_open_ = false, is_closed_ = false;
    bool is_begun_ = false, is_in_body_ = false, is_refused_ = false;
};

}  // namespace

std::unique_ptr<BackendSession> FakeBackend::session(Connection) {
    return std::make_unique<FakeSession>(*this);
}

sasl::ScramVerifier fake_verifier(std::string_view login) {
    static const sasl::ScramKeys keys = sasl::keys_of("secret", "salt of alice", 4096);
    const bool is_real = login == "alice";
    return {.salt = is_real ? "salt of alice" : "salt of nobody",
            .iterations = 4096,
            .keys = {{keys.stored_key, keys.server_key, "password"}},
            .identity = {.principal = is_real ? "p-alice" : "", .login = std::string(login)},
            .is_real = is_real};
}

}  // namespace pidge::smtp::testing
