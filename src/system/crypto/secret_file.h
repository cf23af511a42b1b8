// Secrets that an administrator keeps in files, such as the password for another site's server.
#pragma once

#include <string>

#include "base/result.h"
#include "system/crypto/secret.h"

namespace pidge::crypto {

// The first line of the file, without its line end. Refused when it cannot be read, is no regular
// file, may be read or written by everybody, is empty or larger than limits.h allows; the text
// names the path and never what is in it. Blocks for as long as the disk does: any thread but a
// loop.
Result<Secret> read_secret_file(const std::string& path);

}  // namespace pidge::crypto
