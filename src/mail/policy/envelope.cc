#include "mail/policy/envelope.h"

#include "mail/policy/published.h"
#include "mail/policy/refusals.h"

namespace pidge::policy {

Result<std::optional<address::Mailbox>> plan_sender(Submitter& submitter,
                                                    const std::optional<address::Mailbox>& sender,
                                                    const directory::Site& site,
                                                    const directory::Found& found, bool smtputf8) {
    using Kind = Submitter::Kind;
    if (submitter.kind == Kind::outside) return sender;
    const bool ours = sender && site.find_domain(sender->domain);
    if (submitter.kind == Kind::range) {
        if (!ours) {
            submitter = Submitter{};
            return sender;
        }
        if (found.kind == directory::Found::Kind::nothing)
            return refuse(Code::sender_unknown, sender->text() + ".");
        if (found.kind == directory::Found::Kind::role) return sender;
        return std::optional(published_form(*sender, found.entry.published, smtputf8));
    }
    // RFC 8098 §3: a read receipt goes out with a null reverse-path; the header says who wrote it.
    if (!sender) return sender;
    const auto own = submitter.own.find(address::key(*sender));
    if (own == submitter.own.end())
        return refuse(Code::sender_not_own, "You are logged in as " + submitter.name +
                                                "; the message is from " + sender->text() + ".");
    return std::optional(published_form(*sender, own->second, smtputf8));
}

Result<void> check_recipient(const Submitter& submitter, const address::Mailbox& recipient,
                             const directory::Site& site, const directory::Found& found) {
    if (recipient.domain.empty() || site.find_domain(recipient.domain)) {
        if (found.kind == directory::Found::Kind::nothing)
            return refuse(Code::recipient_unknown, recipient.text() + ".");
        return {};
    }
    if (!submitter.is_submitting()) return refuse(Code::relay_denied);
    if (recipient.literal) return refuse(Code::recipient_literal);
    const directory::Route* route = site.find_route(recipient.domain);
    if (route && route->kind == directory::Route::Kind::refuse)
        return refuse(Code::recipient_refused, route->text);
    return {};
}

}  // namespace pidge::policy
