#include "system/tls/loaded_certificate.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <system_error>

#include "system/tls/limits.h"

namespace pidge::tls {

namespace {

Refusal refuse(const std::string& path, const std::string& fault) {
    return {.kind = Refusal::Kind::policy, .text = path + ": " + fault};
}

enum class Secrecy : std::uint8_t { open, secret };

Result<std::string> read_file(const std::string& path, Secrecy secrecy) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refuse(path, std::system_category().message(errno));
    std::string bytes(limits::pem_file_octets + 1, '\0');
    std::size_t size = 0;
    ssize_t n = 0;
    while (size < bytes.size() && (n = ::read(fd, bytes.data() + size, bytes.size() - size)) > 0)
        size += static_cast<std::size_t>(n);
    const int error = errno;
    struct stat status{};
    ::fstat(fd, &status);
    ::close(fd);
    if (n < 0) return refuse(path, std::system_category().message(error));
    if (size > limits::pem_file_octets) return refuse(path, "too large for a certificate or key");
    if (secrecy == Secrecy::secret && (status.st_mode & S_IRWXO) != 0)
        return refuse(path, "everybody on this machine may read this key; use chmod o-rwx");
    bytes.resize(size);
    return bytes;
}

BioPtr reader(const std::string& bytes) {
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// Asked for the password of an encrypted key: there is none, and nobody at a terminal to ask.
int no_password(char*, int, int, void*) {
    return -1;
}

Result<std::vector<CertificatePtr>> read_chain(const std::string& path) {
    const std::string pem = TRY(read_file(path, Secrecy::open));
    const BioPtr in = reader(pem);
    std::vector<CertificatePtr> chain;
    while (chain.size() < limits::chain_certificates) {
        CertificatePtr next(PEM_read_bio_X509(in.get(), nullptr, no_password, nullptr));
        if (next == nullptr) break;
        chain.push_back(std::move(next));
    }
    const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (chain.empty())
        return refuse(path, is_end ? "holds no certificate in PEM form"
                                   : "cannot be read as a certificate: " + take_error());
    if (!is_end && chain.size() < limits::chain_certificates)
        return refuse(path, "a certificate of the chain is damaged: " + take_error());
    ERR_clear_error();
    return chain;
}

Result<KeyPtr> read_key(const std::string& path) {
    std::string pem = TRY(read_file(path, Secrecy::secret));
    KeyPtr key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_password, nullptr));
    OPENSSL_cleanse(pem.data(), pem.size());
    if (key == nullptr)
        return refuse(path,
                      "holds no private key that can be read without a password: " + take_error());
    return key;
}

WallTime wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime::min();
    return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::string date(const ASN1_TIME* time) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    ASN1_TIME_print(out.get(), time);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::vector<std::string> dns_names(X509* certificate) {
    std::vector<std::string> out;
    auto* const names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        const auto* const text = ASN1_STRING_get0_data(name->d.dNSName);
        out.emplace_back(reinterpret_cast<const char*>(text),
                         static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    }
    GENERAL_NAMES_free(names);
    return out;
}

}  // namespace

WallTime expiry_of(const X509* certificate) {
    return wall_time(X509_get0_notAfter(certificate));
}

std::string subject_of(const X509* certificate) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

bool LoadedCertificate::covers(const std::string& host) const {
    return X509_check_host(certificate.get(), host.data(), host.size(),
                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

Result<LoadedCertificate> load_certificate(const CertificateFiles& files, WallTime now,
                                           ServerOptions::Expired expired) {
    ERR_clear_error();
    std::vector<CertificatePtr> chain = TRY(read_chain(files.chain_path));
    KeyPtr key = TRY(read_key(files.key_path));
    X509* const own = chain.front().get();
    if (X509_check_private_key(own, key.get()) != 1) {
        ERR_clear_error();
        return refuse(files.key_path,
                      "the key does not belong to the first certificate of " + files.chain_path);
    }
    if (now < wall_time(X509_get0_notBefore(own)))
        return refuse(files.chain_path, "not valid before " + date(X509_get0_notBefore(own)));
    LoadedCertificate out;
    out.status = {.chain_path = files.chain_path,
                  .subject = subject_of(own),
                  .names = dns_names(own),
                  .expires = WallTime::max()};
    for (const CertificatePtr& each : chain) {
        if (expired == ServerOptions::Expired::refused && expiry_of(each.get()) <= now)
            return refuse(files.chain_path, subject_of(each.get()) + " expired at " +
                                                date(X509_get0_notAfter(each.get())));
        out.status.expires = std::min(out.status.expires, expiry_of(each.get()));
    }
    out.certificate = std::move(chain.front());
    out.issuers.assign(std::make_move_iterator(chain.begin() + 1),
                       std::make_move_iterator(chain.end()));
    out.key = std::move(key);
    return out;
}

}  // namespace pidge::tls
