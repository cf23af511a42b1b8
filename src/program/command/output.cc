#include "program/command/output.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fmt/format.h>

namespace pidge::command {
namespace {

// Of the first write that failed. The stream itself remembers only that one did.
int first_error = 0;

void note_failure() {
    if (first_error == 0) first_error = errno;
}

}  // namespace

void put(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) note_failure();
}

Result<> finish_output() {
    if (std::fflush(stdout) != 0) note_failure();
    if (first_error == 0 || first_error == EPIPE) return {};
    return Refusal{
        .kind = Refusal::Kind::temporary,
        .text = fmt::format("The answer could not be written to standard output: {}. What was "
                            "to be changed has been changed.",
                            std::generic_category().message(first_error))};
}

}  // namespace pidge::command
