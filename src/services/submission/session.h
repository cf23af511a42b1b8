// Session: one connection's dealings with the gateway. The session knows the client; the
// transaction (one message) is a struct of its own with one reset, so that nothing of a message
// survives it (attacks.md F05, G2). Used by one connection, on its loop; the gateway outlives it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "services/submission/allowance.h"
#include "services/submission/content.h"
#include "services/submission/gateway.h"
#include "services/submission/recipients.h"

namespace pidge::submission {

using SessionId = Id<struct SessionTag>;

struct Transaction {
    smtp::MailFrom from;
    std::optional<address::Mailbox> sender;  // as it goes out
    policy::Submitter submitter;
    queue::QueueId id;
    Recipients recipients;
    SendRates::Amount amount{.messages = 1};
    std::unique_ptr<Content> content;

    explicit Transaction(directory::Directory& directory) : recipients(directory) {}
};

class Session final : public smtp::BackendSession {
 public:
    Session(Gateway& gateway, smtp::Connection connection);

    net::Task<Result<void>> open() override;
    void client_is(smtp::ClientState state) override;
    std::size_t recipients_max() const override;
    net::Task<Result<sasl::Identity>> verify_password(std::string authorization, std::string login,
                                                      std::string password,
                                                      std::string mechanism) override;
    net::Task<Result<sasl::ScramVerifier>> find_scram_verifier(std::string authorization,
                                                               std::string login) override;
    net::Task<Result<sasl::Identity>> scram_finished(sasl::ScramVerifier verifier, bool proof_holds,
                                                     std::string mechanism) override;
    net::Task<Result<void>> mail(smtp::MailFrom from) override;
    net::Task<Result<void>> rcpt(smtp::RcptTo to) override;
    net::Task<Result<void>> begin_body() override;
    net::Task<Result<void>> body(std::string_view bytes) override;
    net::Task<Result<smtp::Accepted>> end_body() override;
    void reset() override { transaction_.reset(); }
    void refused(std::string_view command, const Refusal& why) override;
    void closed(std::string_view why) override;

 private:
    Result<void> check_store() const;
    net::Task<Result<void>> start_mail(smtp::MailFrom from);
    net::Task<Result<void>> add_recipient(smtp::RcptTo to);
    net::Task<Result<smtp::Accepted>> accept();
    net::Task<Result<policy::Submitter>> submitter();
    void count_unknown(Refusal& refusal);
    Result<void> check_rates(SendRates::Amount amount) const;
    net::Task<Result<void>> check_machine();
    Result<sasl::Identity> logged_in(Result<Login> login, const std::string& name,
                                     const std::string& authorization,
                                     const std::string& mechanism);
    queue::Entry base_entry(const StoredContent& stored) const;
    audit::Entry accept_entry(const StoredContent& stored,
                              const std::vector<queue::Entry>& entries) const;
    static std::string reply_text(const Refusal& why);
    cbor::Map client_fields() const;
    // Every refusal leaves through here, so that each stands in the audit trail.
    template <typename T>
    net::Task<Result<T>> answered(const char* command, net::Task<Result<T>> task);

    Gateway& gateway_;
    const std::shared_ptr<const GatewayOptions> options_;
    const smtp::Connection connection_;
    const SessionId id_;
    const Allowance allowance_;
    smtp::ClientState client_;
    std::optional<ScramLogin> scram_;
    bool has_machine_name_ = false;  // it was looked up, and is right
    std::unique_ptr<Transaction> transaction_;
};

}  // namespace pidge::submission
