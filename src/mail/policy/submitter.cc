#include "mail/policy/submitter.h"

#include "formats/address/mailbox.h"

namespace pidge::policy {

Submitter submitter_of(const directory::Principal& principal) {
    Submitter submitter{
        .kind = principal.kind == directory::Principal::Kind::automatic ? Submitter::Kind::automatic
                                                                        : Submitter::Kind::person,
        .id = principal.id.text(),
        .name = principal.login,
    };
    for (const std::string& text : principal.published)
        if (const auto mailbox = address::parse_mailbox(text))
            submitter.own[address::key(*mailbox)] = text;
    for (const std::string& text : principal.aliases) {
        const auto mailbox = address::parse_mailbox(text);
        if (!mailbox) continue;
        // The published address of the alias's domain stands for it, else the first one.
        std::string published = principal.published.empty() ? text : principal.published.front();
        for (const std::string& candidate : principal.published)
            if (candidate.ends_with("@" + mailbox->domain)) published = candidate;
        submitter.own[address::key(*mailbox)] = published;
    }
    return submitter;
}

Submitter submitter_of(const directory::Range& range) {
    return {.kind = Submitter::Kind::range, .id = range.id.text(), .name = range.network.text()};
}

}  // namespace pidge::policy
