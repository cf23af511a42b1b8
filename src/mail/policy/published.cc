#include "mail/policy/published.h"

namespace pidge::policy {

address::Mailbox published_form(const address::Mailbox& written, const std::string& published,
                                bool smtputf8) {
    const auto form = address::parse_mailbox(published);
    if (!form || (form->needs_smtputf8() && !smtputf8)) return written;
    return *form;
}

}  // namespace pidge::policy
