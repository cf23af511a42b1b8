// Passwords from people: typed without echo, or from a file or standard input. Never from the
// command line, where every process of the machine could read it.
#pragma once

#include <string>

#include "base/result.h"
#include "program/command/verb.h"
#include "system/crypto/secret.h"

namespace pidge::command {

// The arguments of verbs that take a password; --password is there to be refused.
std::vector<Argument> password_arguments();

enum class Prompt : std::uint8_t {
    ask,        // when nothing else is given and there is a terminal
    only_asked  // nothing given: no password
};
// The password; empty when none was given and none is to be asked for.
Result<crypto::Secret> read_password(const Given& given, Prompt prompt);

}  // namespace pidge::command
