// The header of a submitted message: what must hold, what is completed, what is rewritten (RFC 6409
// §8) [J3, J4, J9, J10]. Pure: the directory's answers about the addresses in it are handed in.
//
//   From          one field, one address, the submitter's own; an alias becomes the published form
//   Sender        of a person: an own address, and taken out where it only repeats From;
//                 of a process or machine: free
//   Reply-To, To, Cc   every address of ours must exist, every address must be readable
//   Resent-From, Resent-Sender   own addresses
//   Bcc, Resent-Bcc    taken out: who stands there must not be shown to the others
//   Date          added when missing, corrected when it is far off (limits below) or none
//   Message-ID    added when missing, replaced when it is none
//   To            added when missing or empty; an empty Reply-To or Cc is taken out
//   Return-Path   taken out: it is written at final delivery only (RFC 5321 §4.4)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "formats/message/header.h"
#include "formats/message/header_edit.h"
#include "mail/directory/directory.h"
#include "mail/directory/site.h"
#include "mail/policy/submitter.h"

namespace pidge::policy {

// J10: a program that was offline sends late and its clock may be a little ahead; further off is a
// wrong clock.
inline constexpr std::chrono::hours date_age_max{7 * 24};
inline constexpr std::chrono::minutes date_ahead_max{10};

// By address::key().
using Lookups = std::map<std::string, directory::Found>;

// The addresses of ours in From, Sender, Reply-To, To and Cc, each once: what plan_header needs
// lookups of.
std::vector<address::Mailbox> addresses_to_look_up(const message::Header& header,
                                                   const directory::Site& site);

struct HeaderContext {
    const Submitter& submitter;
    const directory::Site& site;
    const Lookups& lookups;
    WallTime now;
    std::string message_id;  // "<…@…>", used when there is none
    bool smtputf8 = false;
};

struct HeaderPlan {
    message::HeaderEdit edit;          // of the header that was handed in, which must outlive it
    std::vector<std::string> changed;  // "Date added", for the audit trail
};
Result<HeaderPlan> plan_header(const message::Header& header, const HeaderContext& context);

// What holds for mail from anywhere: not a hundred Received fields [R05], and one From field with
// one readable address (attacks.md P09).
Result<void> check_received_header(const message::Header& header);

// Whether the body of an Authentication-Results field speaks in the name of that server (RFC 8601
// §2.2: authserv-id), or cannot be read so clearly that somebody might take it for one that does.
bool is_by(std::string_view authentication_results, std::string_view hostname);

}  // namespace pidge::policy
