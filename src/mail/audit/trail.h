// Trail: writes entries of the audit log and reads them again. One for the program; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mail/audit/entry.h"
#include "mail/audit/fold.h"
#include "system/net/task.h"
#include "system/store/log_entry.h"
#include "system/store/store.h"

namespace pidge::audit {

// An entry as it stands in the log.
struct Numbered {
    std::uint64_t number = 0;
    store::Chain chain{};
    Entry entry;
    bool is_damaged = false;  // cannot be decoded; entry is empty
};

// Every field that is set must match. Text matches when it is contained, ASCII case aside; types
// when one of them.
struct Query {
    std::string log;  // empty: this trail's own
    std::optional<WallTime> from, to;
    std::vector<Type> types;
    std::string queue_id, sender, recipient, client, principal, message_id;
    std::string any;  // contained in any field
    std::size_t limit = 100;
    enum class Order : std::uint8_t { newest_first, oldest_first } order = Order::newest_first;
    std::optional<std::uint64_t> after;  // go on after this number, in the order
};

struct Verdict {
    enum class Kind : std::uint8_t {
        sound = 0,
        altered = 1,
        gap = 2
    };  // exit codes of `pidge audit verify`
    std::string log;
    Kind kind = Kind::sound;
    std::uint64_t entries = 0;    // looked at
    std::uint64_t first_bad = 0;  // number of the first entry that is wrong; 0: none
    std::string text;             // what was found, for a person
    store::LogEnd end;            // of the log as verified
};

// A log that the store holds: of this node, of another on the same store, or one that this node
// wrote under a former name.
struct Log {
    std::string name;
    std::uint64_t entries = 0;  // as its end mark says; 0: it cannot be read, or is not there
};

class Trail {
 public:
    // `log`: "audit.site/n1". Draws the boot id.
    Trail(store::Store& store, const Clock& clock, std::string log);

    // An entry with time, boot and source filled in.
    Entry entry(Type type, std::string source, cbor::Map fields = {}) const;
    // Makes the entry part of the commit that it tells of.
    void append(store::Change& change, const Entry& entry) const;
    // For what changes no state (sessions, refusals): rides in the next group commit, nobody waits.
    // Floods of like refusals (same type, client and code) fold into one entry with a count,
    // written after ten seconds.
    void note(Entry entry);
    // Writes what is folded; called every few seconds and at the end of the program.
    void flush_folded();

    const std::string& log() const { return log_; }
    net::Task<std::vector<Numbered>> search(Query query);
    net::Task<std::optional<Numbered>> show(std::uint64_t number, std::string log = {});
    // All that have entries or an end mark, and this trail's own, which comes first.
    net::Task<std::vector<Log>> logs();
    // Follows the chain over a whole log; of this trail where none is named. `progress` is called
    // now and then with entries done and entries in all.
    net::Task<Verdict> verify(std::string log = {},
                              std::function<void(std::uint64_t, std::uint64_t)> progress = {});

 private:
    void write_soon(const Entry& entry);
    const std::string& named(const std::string& log) const { return log.empty() ? log_ : log; }

    store::Store& store_;
    const Clock& clock_;
    const std::string log_;
    Bytes boot_;
    SteadyTime started_;
    Fold fold_;
};

}  // namespace pidge::audit
