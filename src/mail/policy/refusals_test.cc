// docs/refusals.md is made from the table of refusals; `./dev test --accept` writes it anew.

#include "mail/policy/refusals.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace pidge;
using namespace pidge::policy;

namespace {

const std::string page_path = PIDGE_SOURCE_DIR "/docs/refusals.md";

std::string page() {
    std::string text =
        "# Refusals\n\n"
        "When pidge refuses a message for a reason of policy, its reply holds a code in brackets "
        "that never changes, what is\n"
        "wrong, and what to do: `550 5.1.1 [RCP-UNK] There is no such address at this site. …`. "
        "Made from\n"
        "`src/mail/policy/refusals.cc` by `./dev test --accept`.\n\n"
        "| code | reply | what is wrong | what to do |\n|---|---|---|---|\n";
    for (const CodeInfo& info : codes())
        text += fmt::format("| {} | {} {} | {} | {} |\n", info.text, info.reply_code,
                            info.status.text(), info.meaning, info.mend);
    return text;
}

}  // namespace

TEST_CASE("docs/refusals.md tells every refusal") {
    if (std::getenv("PIDGE_ACCEPT")) std::ofstream(page_path) << page();
    std::stringstream stored;
    stored << std::ifstream(page_path).rdbuf();
    CHECK(stored.str() == page());
}

TEST_CASE("every code has its own short name, and fits into one line") {
    for (const CodeInfo& a : codes())
        for (const CodeInfo& b : codes())
            CHECK((&a == &b || (a.code != b.code && a.text != b.text)));
    for (const CodeInfo& info : codes())
        CHECK(refuse(info.code, "\r\nx").text.find('\n') == std::string::npos);
}
