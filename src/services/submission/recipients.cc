#include "services/submission/recipients.h"

#include <algorithm>
#include <map>
#include <utility>

#include "mail/policy/route.h"
#include "mail/queue/limits.h"

namespace pidge::submission {

using directory::Found;

namespace {

// Equal for what is one recipient. RFC 5321 §2.4: only the host that an address belongs to may say
// that its case makes no difference; we do for our domains.
std::string key_of(const address::Mailbox& mailbox, const directory::Site& site) {
    const bool is_ours = mailbox.domain.empty() || site.find_domain(mailbox.domain) != nullptr;
    return is_ours ? address::key(mailbox) : mailbox.text();
}

// RFC 3461 §4.2; RFC 6533 §3 for what is not ASCII.
std::string typed(const address::Mailbox& mailbox) {
    return (mailbox.needs_smtputf8() ? "utf-8;" : "rfc822;") + mailbox.text();
}

}  // namespace

net::Task<void> Recipients::add(smtp::RcptTo to, Found found) {
    given_.push_back(to.recipient);
    switch (found.kind) {
        case Found::Kind::nothing:
            add_final(to.recipient, to);
            break;
        case Found::Kind::principal: {
            const auto published = address::parse_mailbox(found.entry.published);
            add_final(published ? *published : to.recipient, to);
            break;
        }
        case Found::Kind::role: {
            const auto members = co_await expand(std::move(found.members), to.recipient);
            address::Mailbox role = to.recipient;
            const auto site = directory_.site();
            if (role.domain.empty() && site->main_domain() != nullptr)
                role.domain = site->main_domain()->name;
            // Nobody is named for the role, or nobody who exists: it works all the same [J5].
            if (members.empty())
                add_final(role, to);
            else
                add_role(role, members, std::move(to));
        }
    }
}

void Recipients::add_role(const address::Mailbox& role,
                          const std::vector<address::Mailbox>& members, smtp::RcptTo to) {
    Expansion expansion{.address = to.recipient.text()};
    // RFC 3461 §5.2.7.3 (c): the sender hears once that the message was sent on, not from each
    // member that it arrived. §5.2.7.2: of one member as if it had been written to.
    if (members.size() > 1 && std::exchange(to.notify.success, false) &&
        keys_.insert(key_of(role, *directory_.site())).second)
        final_.push_back({.address = role,
                          .original = to.original_recipient,
                          .notify_given = true,
                          .notify_success = true,
                          .is_expanded = true});
    for (const address::Mailbox& member : members) {
        add_final(member, to);
        expansion.members.push_back(member.text());
    }
    expansions_.push_back(std::move(expansion));
}

// Breadth first, so that depth is a count of rounds.
net::Task<std::vector<address::Mailbox>> Recipients::expand(std::vector<std::string> members,
                                                            address::Mailbox role) {
    std::vector<address::Mailbox> reached;
    std::set<std::string> seen{key_of(role, *directory_.site())};
    for (std::size_t depth = 0; depth < expansion_depth_max && !members.empty(); ++depth) {
        std::vector<std::string> next;
        for (const std::string& member : members) {
            const auto mailbox = address::parse_mailbox(member);
            const auto site = directory_.site();
            if (!mailbox || seen.size() > expansion_members_max ||
                !seen.insert(key_of(*mailbox, *site)).second)
                continue;
            const bool ours = site->find_domain(mailbox->domain) != nullptr;
            const Found found = ours ? co_await directory_.find(*mailbox) : Found{};
            if (found.kind == Found::Kind::role) {
                next.insert(next.end(), found.members.begin(), found.members.end());
            } else if (!ours || found.kind == Found::Kind::principal) {
                const auto published = ours ? address::parse_mailbox(found.entry.published)
                                            : Result<address::Mailbox>(*mailbox);
                if (published && std::ranges::find(reached, *published) == reached.end())
                    reached.push_back(*published);
            }
        }
        members = std::move(next);
    }
    co_return reached;
}

void Recipients::add_final(const address::Mailbox& mailbox, const smtp::RcptTo& to) {
    if (!keys_.insert(key_of(mailbox, *directory_.site())).second) return;
    queue::Recipient recipient{
        .address = mailbox,
        .original = to.original_recipient,
        .notify_given = to.notify.is_given,
        .notify_success = to.notify.success,
        .notify_failure = to.notify.failure,
        .notify_delay = to.notify.delay,
    };
    // RFC 3461 §4.2: the sender is told about the address that was written, not about what it
    // became here.
    if (recipient.original.empty() && mailbox != to.recipient && !to.recipient.domain.empty())
        recipient.original = typed(to.recipient);
    final_.push_back(std::move(recipient));
}

std::vector<queue::Entry> Recipients::entries(const queue::Entry& base,
                                              const directory::Site& site) const {
    using Kind = queue::Destination::Kind;
    std::vector<queue::Entry> entries;
    std::map<std::string, std::size_t> by_destination;
    for (const queue::Recipient& recipient : final_) {
        queue::Destination destination = recipient.is_expanded
                                             ? queue::Destination{.kind = Kind::discard}
                                             : policy::destination_for(site, recipient.address);
        const auto found = by_destination.try_emplace(destination.text(), entries.size()).first;
        const bool is_new = found->second == entries.size();
        if (is_new || entries[found->second].recipients.size() == queue::recipients_max) {
            found->second = entries.size();
            queue::Entry entry = base;
            entry.id.index = static_cast<std::uint16_t>(entries.size());
            entry.destination = std::move(destination);
            entries.push_back(std::move(entry));
        }
        entries[found->second].recipients.push_back(recipient);
    }
    return entries;
}

}  // namespace pidge::submission
