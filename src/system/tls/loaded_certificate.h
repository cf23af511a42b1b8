// A certificate chain with its key, as OpenSSL objects. For the .cc files of system/tls only.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "system/tls/certificate.h"
#include "system/tls/openssl.h"
#include "system/tls/server_context.h"

namespace pidge::tls {

struct LoadedCertificate {
    CertificatePtr certificate;
    std::vector<CertificatePtr> issuers;
    KeyPtr key;
    CertificateStatus status;

    // Whether it is good for this host name, wildcards included.
    bool covers(const std::string& host) const;
};

// Reads and checks both files: that they are there and can be read, that nobody but owner and group
// may read the key, that the key belongs to the certificate, and that the certificate is valid at
// `now`. The refusal names file and fault.
Result<LoadedCertificate> load_certificate(const CertificateFiles& files, WallTime now,
                                           ServerOptions::Expired expired);

WallTime expiry_of(const X509* certificate);
std::string subject_of(const X509* certificate);

}  // namespace pidge::tls
