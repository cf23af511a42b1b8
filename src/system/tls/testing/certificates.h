// Throwaway certificates for tests, made in the process: EC P-256, valid around a given time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace pidge::tls::testing {

struct Validity {
    WallTime from;
    WallTime until;
};

// From an hour before to a day after the machine's time.
Validity valid_now();

struct Certificate {
    std::string certificate_pem;  // with its issuer after it, when it has one
    std::string key_pem;
    std::string certificate_der;  // of the certificate alone
    std::string public_key_der;   // SubjectPublicKeyInfo, for TLSA records
};

class Authority {
 public:
    explicit Authority(const std::string& common_name = "Test Authority",
                       Validity validity = valid_now());
    ~Authority();

    // `names`: host names, wildcards, and addresses in text form.
    Certificate issue(const std::vector<std::string>& names, Validity validity = valid_now()) const;
    const Certificate& certificate() const;

 private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

// A folder that goes with its files; files are written with mode 0600.
class Folder {
 public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string write(const std::string& name, const std::string& content) const;  // its path
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

}  // namespace pidge::tls::testing
