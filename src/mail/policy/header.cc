#include "mail/policy/header.h"

#include <algorithm>
#include <set>

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
        for (const char* name : {"Bcc", "Return-Path"})
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
        if (!list)
            return refuse(Code::header_syntax, quoted(field, header_) + ": " + list.error().text);
        for (const address::ListedMailbox& listed : list->mailboxes)
            TRY(one_address(field, listed, use));
        return {};
    }

    Result<void> one_address(const Field& field, const address::ListedMailbox& listed, Use use) {
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
        if (!published.empty()) rewrite(field, listed, published);
        return {};
    }

    // [J4, J19] Outgoing mail shows the published form.
    void rewrite(const Field& field, const address::ListedMailbox& listed,
                 const std::string& published) {
        const address::Mailbox form = published_form(listed.mailbox, published, context_.smtputf8);
        // The domain may have been written with U-labels; that is no reason to touch it.
        if (form == listed.mailbox) return;
        message::Span where = listed.addr_spec;
        where.offset += field.body.offset;
        plan_.edit.replace(where, form.needs_smtputf8() ? form.text_utf8() : form.text());
        plan_.changed.push_back(std::string(header_.name(field)) + " rewritten to " + published);
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
        plan_.changed.push_back("Date corrected from " +
                                text::printable(message::unfold_trimmed(header_.body(*field)), 80));
    }

    void complete() {
        if (!header_.find("Message-ID")) add("Message-ID", context_.message_id);
        if (!header_.find("To")) add("To", "undisclosed-recipients:;");
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

    void remove(const Field& field, const char* name) {
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
