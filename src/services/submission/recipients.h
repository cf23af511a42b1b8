// Recipients: those of one transaction, as accepted and as they will be delivered to. Role
// addresses are replaced by their members, own addresses by their published form, and whoever is
// reached twice gets one copy. Used by its session alone, on the loop of the connection.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "mail/directory/directory.h"
#include "mail/queue/entry.h"
#include "protocols/smtp/backend.h"
#include "system/net/task.h"

namespace pidge::submission {

// attacks.md R05: aliases and roles that lead to each other end here.
inline constexpr std::size_t expansion_depth_max = 10;
inline constexpr std::size_t expansion_members_max = 1000;

struct Expansion {
    std::string address;               // as given to RCPT
    std::vector<std::string> members;  // what it was replaced by
};

class Recipients {
 public:
    explicit Recipients(directory::Directory& directory) : directory_(directory) {}

    // The recipient has been checked; `found` is what the directory says about it.
    net::Task<void> add(smtp::RcptTo to, directory::Found found);

    bool is_empty() const { return given_.empty(); }
    const std::vector<address::Mailbox>& given() const { return given_; }
    const std::vector<queue::Recipient>& final() const { return final_; }
    const std::vector<Expansion>& expansions() const { return expansions_; }

    // One entry for each destination, more where an entry cannot hold all its recipients; `base`
    // carries what they share. Ids are numbered within the message.
    std::vector<queue::Entry> entries(const queue::Entry& base, const directory::Site& site) const;

 private:
    void add_final(const address::Mailbox& mailbox, const smtp::RcptTo& to);
    void add_role(const address::Mailbox& role, const std::vector<address::Mailbox>& members,
                  smtp::RcptTo to);
    net::Task<std::vector<address::Mailbox>> expand(std::vector<std::string> members,
                                                    address::Mailbox role);

    directory::Directory& directory_;
    std::vector<address::Mailbox> given_;
    std::vector<queue::Recipient> final_;
    std::set<std::string> keys_;
    std::vector<Expansion> expansions_;
};

}  // namespace pidge::submission
