#include "mail/policy/header.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "formats/date/date.h"
#include "formats/message/parameters.h"
#include "mail/policy/author.h"
#include "mail/policy/published.h"
#include "mail/policy/refusals.h"

namespace pidge::policy {

namespace {

using directory::Found;
using message::Field;
using message::Header;

// RFC 5321 §6.3 asks for at least 100.
constexpr std::size_t received_max = 100;

std::string quoted(const Field& field, const Header& header) {
    return std::string(header.name(field)) + ": " +
           text::printable(message::unfold_trimmed(header.body(field)), 100);
}

// msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]   (RFC 5322 §3.6.4). Looks at no more than
// that readers find one word in angle brackets: what programs put there breaks the grammar often,
// and their own copy of the message bears it.
bool is_message_id(std::string_view written) {
    const std::size_t open = written.find('<'), close = written.find('>');
    if (open == written.npos || close == written.npos || close < open) return false;
    const std::string_view before = text::trim(written.substr(0, open)),
                           id = written.substr(open + 1, close - open - 1),
                           after = text::trim(written.substr(close + 1));
    const auto is_comment = [](std::string_view text) {
        return text.empty() || (text.starts_with('(') && text.ends_with(')'));
    };
    const std::size_t at = id.find('@');
    return is_comment(before) && is_comment(after) && at != 0 && at < id.size() - 1 &&
           id.find_first_of(" \t\r\n<") == id.npos;
}

// Works through the fields of one header, collecting edits; leaves with the first refusal.
class Planner {
 public:
    Planner(const Header& header, const HeaderContext& context)
        : header_(header), context_(context), plan_{.edit = message::HeaderEdit(header)} {}

    Result<HeaderPlan> run() {
        TRY(check_form());
        TRY(from());
        TRY(sender());
        // RFC 5322 §3.6.6: who sends it again says so in their own name.
        for (const char* name : {"Resent-From", "Resent-Sender"})
            for (const Field* field : header_.find_all(name)) TRY(addresses(*field, Use::author));
        for (const char* name : {"Reply-To", "To", "Cc"})
            for (const Field* field : header_.find_all(name)) TRY(addresses(*field, Use::named));
        date();
        complete();
        for (const char* name : {"Bcc", "Resent-Bcc", "Return-Path"})
            for (const Field* field : header_.find_all(name)) remove(*field, name);
        return std::move(plan_);
    }

 private:
    enum class Use : std::uint8_t {
        author,  // the submitter's own
        named,   // exists, if it is ours
    };

    // RFC 5322 §3.6: these stand once at most. G9: two readings are possible, so neither is taken.
    Result<void> check_form() {
        using message::DefectKind;
        for (const char* name : {"From", "Sender", "Reply-To", "To", "Cc", "Date", "Message-ID",
                                 "In-Reply-To", "References", "Subject"})
            if (header_.count(name) > 1)
                return refuse(
                    text::iequals(name, "From") ? Code::from_ambiguous : Code::header_duplicate,
                    std::string(name) + " stands " + std::to_string(header_.count(name)) +
                        " times.");
        for (const message::Defect& defect : header_.defects().list()) {
            switch (defect.kind) {
                case DefectKind::utf8_in_header:
                    if (!context_.smtputf8) return refuse(Code::header_utf8);
                    break;
                case DefectKind::line_too_long:
                    return refuse(Code::line_too_long, "It is in the header.");
                case DefectKind::blank_fold:
                    break;  // obsolete, but every reader agrees about it
                case DefectKind::header_too_long:
                case DefectKind::too_many_fields:
                    return refuse(Code::header_too_large);
                // RFC 5322 §3.5: the body is optional.
                case DefectKind::no_blank_line:
                    break;
                // A large field is only dear to display; every reader agrees about what it says.
                case DefectKind::field_too_long:
                    break;
                default:
                    return refuse(Code::header_syntax,
                                  "At octet " + std::to_string(defect.offset) + ": " +
                                      std::string(message::meaning_of(defect.kind)) + ".");
            }
        }
        return {};
    }

    Result<void> from() {
        const Author author = TRY(find_author(header_));
        from_key_ = address::key(author.listed.mailbox);
        return addresses(*author.field, Use::author);
    }

    Result<void> sender() {
        const Field* field = header_.find("Sender");
        if (!field) return {};
        if (context_.submitter.kind != Submitter::Kind::person)
            return addresses(*field, Use::named);
        const auto list = address::parse_address_list(header_.body(*field));
        if (!list || list->mailboxes.size() != 1)
            return refuse(Code::header_syntax, quoted(*field, header_) + ".");
        // It repeats From, which has been found to be the submitter's own.
        if (address::key(list->mailboxes.front().mailbox) == from_key_) {
            remove(*field, "Sender");
            return {};
        }
        return addresses(*field, Use::author);
    }

    Result<void> addresses(const Field& field, Use use) {
        const std::string_view body = header_.body(field);
        const auto list = address::parse_address_list(body);
        if (!list) {
            const bool is_long = list.error().kind == Refusal::Kind::limit;
            return refuse(is_long ? Code::header_too_large : Code::header_syntax,
                          quoted(field, header_) + ": " + list.error().text);
        }
        if (use == Use::author && (list->mailboxes.empty() || is_ambiguous(*list)))
            return refuse(Code::header_syntax, quoted(field, header_) + ".");
        // RFC 5322 §3.6.3: only Bcc may be empty, which counts as not being there.
        if (list->mailboxes.empty() && list->groups.empty()) {
            remove(field, header_.name(field));
            return {};
        }
        std::vector<Rewrite> rewrites;
        for (const address::ListedMailbox& listed : list->mailboxes) {
            auto form = TRY(outgoing(field, listed, use));
            if (form) rewrites.push_back({&listed, *std::move(form)});
        }
        if (!rewrites.empty()) rewrite(field, *list, rewrites);
        return {};
    }

    // What the address becomes; nothing where it stays.
    Result<std::optional<std::string>> outgoing(const Field& field,
                                                const address::ListedMailbox& listed, Use use) {
        const address::Mailbox& mailbox = listed.mailbox;
        // [J3] A bare name is valid nowhere else.
        if (!listed.fits_smtp || mailbox.domain.empty())
            return refuse(Code::header_syntax, quoted(field, header_) + ": " + mailbox.text() +
                                                   " is not an address with a domain.");
        const std::string key = address::key(mailbox);
        const bool person = context_.submitter.kind != Submitter::Kind::range;
        std::string published;
        if (use == Use::author && person) {
            const auto own = context_.submitter.own.find(key);
            if (own == context_.submitter.own.end())
                return refuse(Code::header_not_own, "You are logged in as " +
                                                        context_.submitter.name + "; " +
                                                        std::string(header_.name(field)) +
                                                        " says " + mailbox.text() + ".");
            published = own->second;
        } else if (context_.site.find_domain(mailbox.domain)) {
            const auto found = context_.lookups.find(key);
            if (found == context_.lookups.end() || found->second.kind == Found::Kind::nothing)
                return refuse(Code::header_unknown,
                              std::string(header_.name(field)) + " names " + mailbox.text() + ".");
            published = found->second.entry.published;
        } else if (use == Use::author) {
            return refuse(Code::header_not_own,
                          mailbox.text() + " is not an address of this site.");
        }
        if (published.empty()) return std::nullopt;
        // [J4, J19] Outgoing mail shows the published form.
        const address::Mailbox form = published_form(mailbox, published, context_.smtputf8);
        // The domain may have been written with U-labels; that is no reason to touch it.
        if (form == mailbox) return std::nullopt;
        plan_.changed.push_back(std::string(header_.name(field)) + " rewritten to " + published);
        return form.needs_smtputf8() ? form.text_utf8() : form.text();
    }

    struct Rewrite {
        const address::ListedMailbox* listed;
        std::string form;
    };

    // Lines that grow beyond what a line may have are folded, before each address.
    void rewrite(const Field& field, const address::AddressList& list,
                 const std::vector<Rewrite>& rewrites) {
        const std::string_view block(header_.bytes());
        const auto line_start = [&](std::size_t offset) {
            const std::size_t end = block.substr(0, offset).rfind('\n');
            return end == block.npos ? 0 : end + 1;
        };
        std::map<std::size_t, std::size_t> lines;  // octets, by where the line begins
        for (const Rewrite& each : rewrites) {
            const std::size_t start = line_start(field.body.offset + each.listed->addr_spec.offset);
            std::size_t& length =
                lines.emplace(start, std::min(block.find("\r\n", start), block.size()) - start)
                    .first->second;
            length = length - each.listed->addr_spec.length + each.form.size();
        }
        const bool is_too_long = std::ranges::any_of(
            lines, [](const auto& line) { return line.second > message::line_octets_max; });
        auto next = rewrites.begin();
        for (const address::ListedMailbox& listed : list.mailboxes) {
            message::Span name{field.body.offset + listed.whole.offset, 0};
            message::Span spec{field.body.offset + listed.addr_spec.offset,
                               listed.addr_spec.length};
            const std::size_t start = line_start(name.offset);
            const bool is_first = text::trim(block.substr(start, name.offset - start)).empty() ||
                                  &listed == &list.mailboxes.front();
            std::string fold = is_too_long && !is_first ? "\r\n " : "";
            const bool is_rewritten = next != rewrites.end() && next->listed == &listed;
            if (!fold.empty() && !(is_rewritten && name.offset == spec.offset))
                plan_.edit.replace(name, std::exchange(fold, ""));
            if (is_rewritten) plan_.edit.replace(spec, fold + next++->form);
        }
    }

    void date() {
        const date::Date now{.instant = std::chrono::floor<std::chrono::seconds>(context_.now)};
        const Field* field = header_.find("Date");
        if (!field) return add("Date", date::text(now));
        const auto given = date::parse(header_.body(*field));
        if (given && given->instant >= context_.now - date_age_max &&
            given->instant <= context_.now + date_ahead_max)
            return;
        plan_.edit.replace(field->body, " " + date::text(now));
        plan_.changed.push_back("Date corrected from " + shown(*field));
    }

    std::string shown(const Field& field) const {
        return text::printable(message::unfold_trimmed(header_.body(field)), 80);
    }

    // Of a list of addresses that has been found to be one.
    bool is_empty(const Field& field) const {
        const auto list = address::read_address_list(header_.body(field));
        return list.mailboxes.empty() && list.groups.empty();
    }

    void complete() {
        const Field* id = header_.find("Message-ID");
        if (!id) {
            add("Message-ID", context_.message_id);
        } else if (!is_message_id(message::unfold_trimmed(header_.body(*id)))) {
            plan_.edit.replace(id->body, " " + context_.message_id);
            plan_.changed.push_back("Message-ID corrected from " + shown(*id));
        }
        const Field* to = header_.find("To");
        if (!to || is_empty(*to)) add("To", "undisclosed-recipients:;");
        // [J11] RFC 2045 §4: without it, what the Content- fields say does not count.
        const auto says_content = [this](const Field& field) {
            return text::istarts_with(header_.name(field), "Content-");
        };
        if (!header_.find("MIME-Version") && std::ranges::any_of(header_.fields(), says_content))
            add("MIME-Version", "1.0");
    }

    void add(const char* name, const std::string& body) {
        plan_.edit.append(name, body);
        plan_.changed.push_back(std::string(name) + " added");
    }

    void remove(const Field& field, std::string_view name) {
        plan_.edit.remove(field);
        plan_.changed.push_back(std::string(name) + " removed");
    }

    const Header& header_;
    const HeaderContext& context_;
    HeaderPlan plan_;
    std::string from_key_;
};

}  // namespace

std::vector<address::Mailbox> addresses_to_look_up(const Header& header,
                                                   const directory::Site& site) {
    std::vector<address::Mailbox> mailboxes;
    std::set<std::string> keys;
    for (const char* name :
         {"From", "Sender", "Resent-From", "Resent-Sender", "Reply-To", "To", "Cc"}) {
        for (const Field* field : header.find_all(name)) {
            for (const address::ListedMailbox& listed :
                 address::read_address_list(header.body(*field)).mailboxes)
                if (site.find_domain(listed.mailbox.domain) &&
                    keys.insert(address::key(listed.mailbox)).second)
                    mailboxes.push_back(listed.mailbox);
        }
    }
    return mailboxes;
}

Result<HeaderPlan> plan_header(const Header& header, const HeaderContext& context) {
    return Planner(header, context).run();
}

Result<void> check_received_header(const Header& header) {
    if (header.count("Received") >= received_max) return refuse(Code::loop);
    if (header.fields().empty()) return refuse(Code::message_empty);
    // What is beyond has not been looked at, so nothing can be said about it.
    if (header.defects().has(message::DefectKind::too_many_fields) ||
        header.defects().has(message::DefectKind::header_too_long))
        return refuse(Code::header_too_large);
    TRY(find_author(header));
    return {};
}

bool is_by(std::string_view authentication_results, std::string_view hostname) {
    const auto written = message::read_authserv_id(authentication_results);
    if (!written) return true;
    std::string_view id = text::trim(*written);
    if (id.ends_with('.')) id.remove_suffix(1);
    if (text::iequals(id, hostname)) return true;
    // RFC 8601 §5: a name with U-labels and with A-labels is one name.
    const auto name = address::normal_domain(id), ours = address::normal_domain(hostname);
    return name && ours && *name == *ours;
}

}  // namespace pidge::policy
