// Ledger: what the world outside the simulated process knows, and what it may therefore ask of it.
// Clients enter what was acknowledged, remote servers what they took, and whoever looks at the disk
// what became durable. judge() compares them in the end, when the queue is empty.
//
// It knows the queue's records and the audit trail's entries, and nothing of how they come about.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mail/audit/trail.h"
#include "mail/queue/backoff.h"
#include "mail/queue/entry.h"
#include "simulation/simulated_clock.h"
#include "system/store/table.h"

namespace pidge::simulation {

// One time that a client sent a message; each recipient is named in one sending only.
struct Sending {
    std::vector<std::string> recipients;  // those that RCPT accepted
    std::string text;
    std::string queue_id;  // empty: not acknowledged
};

// A copy of a message for one recipient, taken by a remote server.
struct Copy {
    std::string entry;      // EntryId::text
    std::string recipient;  // its address
    int life = 0;           // of the process
    bool is_reply_lost = true;
    bool is_lease_over = false;  // the process took so long that somebody else may have tried
};

class Ledger {
 public:
    Ledger(const SimulatedClock& clock, queue::RetryPolicy policy)
        : clock_(clock), policy_(policy) {}

    // Attempts may outlive their leases: then what is tried need not be what is stored.
    bool are_leases_short = false;

    void complain(std::string what);
    const std::vector<std::string>& complaints() const { return complaints_; }

    // --- by the clients ---
    std::size_t send(Sending sending);
    Sending& sending(std::size_t index) { return sendings_[index]; }
    // The same body may come in several sendings' copies: what a recipient is to get.
    const std::string* text_for(const std::string& recipient) const;

    // --- by the remote servers ---
    void attempted(const queue::Entry& entry);
    std::size_t took(Copy copy);
    Copy& copy(std::size_t index) { return copies_[index]; }
    void refused(const std::string& entry, const std::string& recipient);
    void took_report(const std::string& entry, const std::string& body);

    // --- of the process ---
    void life_ended_badly(int life) { bad_lives_.insert(life); }
    // An outcome of the entry came after its lease had ended: it was not committed.
    void came_too_late(const std::string& entry);
    // What has become durable.
    void wrote(std::span<const store::Write> writes);

    // Once nothing is in the queue any more.
    void judge(const std::vector<audit::Numbered>& trail);

    struct Counts {
        std::uint64_t acknowledged = 0, delivered = 0, failed = 0, expired = 0, duplicates = 0;
        std::uint64_t attempts = 0, reports = 0;
    };
    const Counts& counts() const { return counts_; }

 private:
    struct Seen {
        queue::Entry entry;
        std::chrono::nanoseconds since{0};  // in the queue, as of elapsed()
        int steps = 0;                      // of the clock when it was planned; -1: unknown
    };
    // What the trail tells of one recipient of one entry, or of one that was accepted.
    struct Fate {
        int accepts = 0, outcomes = 0;
        std::string action, message;
    };
    using Key = std::pair<std::string, std::string>;  // entry, recipient
    struct Told {
        std::map<std::string, Fate> accepted;  // by recipient
        std::map<Key, Fate> settled;
        // Entries of failure reports, and which entry each is about.
        std::map<std::string, std::string> reports;
    };

    void watch_entry(std::string_view key, std::string_view value);
    int steps_at_planning(const queue::Entry& entry) const;
    bool is_brought_forward(const queue::Entry& before, const queue::Entry& entry) const;
    void watch_retry(const Seen& before, const queue::Entry& entry);
    Told read_trail(const std::vector<audit::Numbered>& trail);
    void read_entry(const audit::Entry& entry, Told& told);
    void judge_sending(const Sending& sending, const Told& told);
    void judge_outcome(const Key& key, const Fate& fate, const Told& told);
    void judge_expiry(const Key& key);
    void judge_report(const Key& key, bool is_failure, const Told& told);
    // Whether a report about this entry came to no good end itself, which judge_outcome() judges.
    static bool is_report_given_up(const std::string& entry, const Told& told);
    // How many copies too many there are that nothing excuses.
    void judge_copies(const Key& key, bool has_arrived);

    const SimulatedClock& clock_;
    const queue::RetryPolicy policy_;
    std::vector<std::string> complaints_;
    std::vector<Sending> sendings_;
    std::map<std::string, std::size_t> sending_of_;  // by recipient
    std::vector<Copy> copies_;
    std::map<Key, std::vector<std::size_t>> copies_of_;
    std::set<Key> refusals_;
    std::map<std::string, std::set<std::string>> reported_;  // recipients, by which reports
    std::set<int> bad_lives_;
    std::map<Bytes, Seen> queue_;  // by key
    struct Ended {
        std::chrono::nanoseconds age;
        std::uint32_t attempts;
    };
    std::map<std::string, Ended> ended_;  // by entry
    Counts counts_;
};

}  // namespace pidge::simulation
