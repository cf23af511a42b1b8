// Certificate files: where a certificate chain and its key lie, and what is known of them.
// Plain values.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace pidge::tls {

// PEM files. The chain begins with the certificate itself; its issuers follow, the root may be left
// out.
struct CertificateFiles {
    std::string chain_path;
    std::string key_path;
};

struct CertificateStatus {
    std::string chain_path;
    std::string subject;             // RFC 2253 form
    std::vector<std::string> names;  // DNS names it is good for
    WallTime expires;                // of the first of the chain to expire
};

}  // namespace pidge::tls
