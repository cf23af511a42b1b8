// Session: what it leaves in the audit trail and the log.
#include "base/metrics.h"
#include "services/submission/events.h"
#include "services/submission/session.h"

namespace pidge::submission {

namespace {

metrics::Counter refused_total{"pidge_refusals_total", "Commands and messages that were refused."};

}  // namespace

std::string Session::reply_text(const Refusal& why) {
    return std::to_string(why.reply_code) + " " + why.status.text() +
           (why.code.empty() ? " " : " [" + why.code + "] ") + why.text;
}

cbor::Map Session::client_fields() const {
    cbor::Map fields{{"session", id_.text()},
                     {"client", connection_.remote.text()},
                     {"listener", connection_.listener}};
    if (!client_.helo.empty()) fields["helo"] = client_.helo.substr(0, 255);
    if (client_.tls) {
        cbor::Map tls{{"version", client_.tls->version}, {"cipher", client_.tls->cipher}};
        if (!client_.tls->server_name.empty()) tls["sni"] = client_.tls->server_name;
        fields["tls"] = std::move(tls);
    }
    if (client_.identity) {
        fields["principal"] = client_.identity->principal;
        fields["login"] = client_.identity->login;
        fields["credential"] = client_.identity->credential;
    }
    return fields;
}

audit::Entry Session::accept_entry(const StoredContent& stored,
                                   const std::vector<queue::Entry>& entries) const {
    cbor::Map fields = client_fields();
    fields["queue"] = transaction_->id.text();
    fields["node"] = options_->node;
    fields["from"] = transaction_->sender ? transaction_->sender->text() : "<>";
    if (transaction_->submitter.kind == policy::Submitter::Kind::range) {
        fields["principal"] = transaction_->submitter.id;
        fields["range"] = transaction_->submitter.name;
        const auto site = gateway_.parts().directory.site();
        if (const auto* range =
                site->find_range(connection_.remote.address, gateway_.parts().clock.now()))
            fields["owner"] = range->owner;
    }
    cbor::Array to;
    for (const address::Mailbox& recipient : transaction_->recipients.given())
        to.emplace_back(recipient.text());
    fields["to"] = std::move(to);
    cbor::Array destinations;
    for (const queue::Entry& entry : entries) destinations.emplace_back(entry.destination.text());
    fields["destinations"] = std::move(destinations);
    fields["size"] = stored.blob.size_bytes;
    fields["sha256"] = cbor::Octets{Bytes(stored.blob.id.bytes())};
    cbor::Map header;
    for (const auto& [name, value] : stored.header) header[name] = value;
    fields["header"] = std::move(header);
    if (!stored.changed.empty())
        fields["changed"] = cbor::Array(stored.changed.begin(), stored.changed.end());
    if (!stored.mime_verdict.empty()) fields["mime"] = stored.mime_verdict;
    return gateway_.parts().trail.entry(audit::Type::accept, "smtp", std::move(fields));
}

void Session::refused(std::string_view command, const Refusal& why) {
    refused_total.add();
    cbor::Map fields = client_fields();
    fields["command"] = command;
    fields["reply"] = reply_text(why);
    if (transaction_) {
        fields["queue"] = transaction_->id.text();
        fields["from"] = transaction_->from.sender ? transaction_->from.sender->text() : "<>";
    }
    gateway_.parts().trail.note(
        gateway_.parts().trail.entry(audit::Type::reject, "smtp", std::move(fields)));
    log::write(message_refused, {{"session", id_.text()},
                                 {"client", connection_.remote.text()},
                                 {"command", command},
                                 {"reply", reply_text(why)}});
}

void Session::closed(std::string_view why) {
    gateway_.parts().trail.note(gateway_.parts().trail.entry(
        audit::Type::session_close, "smtp",
        {{"session", id_.text()}, {"client", connection_.remote.text()}, {"reason", why}}));
}

}  // namespace pidge::submission
