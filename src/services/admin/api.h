// Api: administration of the site, shaped as JMAP (RFC 8620): Domain, Account, Credential,
// AnonymousRange, Route, QueueEntry, AuditEntry, Node, each with /get and /query, and /set where
// there is something to set; besides AuditEntry/logs and /verify, and Server/status. The whole of
// it: docs/api.md.
//
// Every change commits together with the audit entry that tells who did what. The control socket
// and the command line without a server use the same object. Thread-safe; a call takes as long as
// the store does.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "services/admin/data_type.h"
#include "services/admin/methods.h"
#include "services/admin/request.h"

namespace pidge::admin {

class Api {
 public:
    explicit Api(Parts parts);
    ~Api();

    struct Answer {
        bool is_request_error = false;  // then `body` is a problem (RFC 7807) for status 400
        std::string body;               // JSON
    };
    // A whole request (RFC 8620 §3.3). Throws store::Fault.
    net::Task<Answer> call(std::string request, Caller caller);
    // The session object (RFC 8620 §2).
    std::string session(const Caller& caller) const;

    const Parts& parts() const { return parts_; }

 private:
    net::Task<MethodResult> run(Invocation invocation, Caller caller, json::Object& created);
    net::Task<MethodResult> status();

    Parts parts_;
    std::map<std::string, std::unique_ptr<DataType>, std::less<>> types_;
};

}  // namespace pidge::admin
