// SmtpLine: a connection to an SMTP or LMTP server that has said hello. Internal to this folder.
#pragma once

#include <memory>

#include "protocols/smtp/client/client.h"
#include "services/relay/courier.h"

namespace pidge::relay {

enum class LineKind : std::uint8_t { smtp, lmtp };

class SmtpLine final : public Line {
 public:
    SmtpLine(std::unique_ptr<smtp::Client> client, LineInfo info, LineKind kind)
        : client_(std::move(client)), info_(std::move(info)), kind_(kind) {}

    net::Task<Delivery> deliver(const queue::Entry& entry, Body& body) override;
    net::Task<void> quit() override { return client_->quit(); }
    const LineInfo& info() const override { return info_; }
    bool is_used_up() const override;

 private:
    std::size_t recipients_at_once() const;
    bool needs_downgrade(const queue::Entry& entry) const;

    const std::unique_ptr<smtp::Client> client_;
    const LineInfo info_;
    const LineKind kind_;
    bool is_used_ = false;  // for a message
    std::uint64_t transactions_ = 0;
};

// What a server's answers mean for the recipients [first, first + results). Pure.
std::vector<queue::RecipientResult> results_of(const smtp::SendResult& sent,
                                               const std::string& host);
Delivery::Line line_after(const smtp::SendResult& sent);

}  // namespace pidge::relay
