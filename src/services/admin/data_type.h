// DataType: one kind of object of the API (Domain, Account …): how its objects are read, found and
// changed. The forms of RFC 8620 (get, set, query) are the same for all and stand in methods.h.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "formats/json/place.h"
#include "formats/json/value.h"
#include "mail/audit/trail.h"
#include "mail/directory/directory.h"
#include "mail/queue/entry.h"
#include "services/admin/caller.h"
#include "system/net/pool.h"
#include "system/net/task.h"
#include "system/store/store.h"

namespace pidge::admin {

// Something in the queue falls due, which the relay is to be told after the commit.
struct Wake {
    store::DueGroup group;
    WallTime due;
};

// What the data types work with; all of it outlives them.
struct Parts {
    store::Store& store;
    directory::Directory& directory;
    audit::Trail& trail;
    const Clock& clock;
    net::Pool& pool;  // for password hashes
    // Adds to a change the failure report that the sender of a removed entry is owed; empty where
    // there is no relay.
    std::function<net::Task<Result<std::optional<Wake>>>(queue::Entry entry, store::Change& change)>
        plan_report;
    // Tells the relay that something falls due; may be empty.
    std::function<void(store::DueGroup group, WallTime due)> wake;
    // Server/status: what the program tells about itself.
    std::function<json::Object()> status;
};

// What a change would do; nothing has happened yet. Planned anew when its commit meets a conflict.
struct Plan {
    store::Change change;
    std::string id;
    json::Object told;           // create, update: what the client does not know yet
    json::Object before, after;  // for the audit trail: no secrets
    audit::Type audit_type = audit::Type::admin_action;
    std::optional<Wake> wake;   // for the relay, after the commit
    bool changes_site = false;  // the directory's Site must be read again
};

struct QueryRequest {
    std::optional<json::Place> filter;
    std::string sort;  // a property of sort_properties(); empty: the natural order
    bool is_ascending = true;
    std::size_t needed = 0;  // ids that will be looked at; more are not needed
    bool wants_total = false;
};
struct QueryAnswer {
    std::vector<std::string> ids;
    std::optional<std::uint64_t> total;  // where all were counted
};

class DataType {
 public:
    virtual ~DataType() = default;

    virtual std::string_view name() const = 0;
    virtual std::span<const std::string_view> properties() const = 0;
    virtual std::span<const std::string_view> sort_properties() const { return {}; }

    // Changes whenever an object does (RFC 8620 §5.1: "state").
    virtual net::Task<std::string> state() = 0;

    virtual net::Task<std::optional<json::Object>> get(std::string id) = 0;
    // A refusal of kind unsupported is the error unsupportedFilter.
    virtual net::Task<Result<QueryAnswer>> query(QueryRequest request) = 0;

    // Each is refused (policy) unless the type overrides it. What the places refer to outlives the
    // task.
    virtual net::Task<Result<Plan>> plan_create(json::Place object);
    virtual net::Task<Result<Plan>> plan_update(std::string id, json::Place patch);
    virtual net::Task<Result<Plan>> plan_destroy(std::string id, json::Place arguments);

    // Reading it is recorded (docs/audit.md: access); the entry is durable before anything is
    // shown.
    virtual bool is_reading_recorded() const { return false; }
};

}  // namespace pidge::admin
