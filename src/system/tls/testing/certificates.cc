#include "system/tls/testing/certificates.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/random.h"

namespace pidge::tls::testing {

namespace {

template <auto free>
struct Freed {
    void operator()(auto* object) const { free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

std::string content(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
    const Bio out(BIO_new(BIO_s_mem()));
    check(PEM_write_bio_X509(out.get(), certificate) == 1);
    return content(out.get());
}

template <auto encode>
std::string der(auto* object) {
    unsigned char* data = nullptr;
    const int size = encode(object, &data);
    check(size > 0);
    std::string out(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
    OPENSSL_free(data);
    return out;
}

void set_time(ASN1_TIME* to, WallTime time) {
    check(ASN1_TIME_set(
              to, static_cast<time_t>(
                      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count())) !=
          nullptr);
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    check(extension != nullptr, "no such extension");
    check(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

X509Ptr blank(const std::string& common_name, EVP_PKEY* key, Validity validity) {
    X509Ptr out(X509_new());
    check(X509_set_version(out.get(), X509_VERSION_3) == 1);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(out.get()), random_u64() >> 1);
    set_time(X509_getm_notBefore(out.get()), validity.from);
    set_time(X509_getm_notAfter(out.get()), validity.until);
    check(X509_set_pubkey(out.get(), key) == 1);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    return out;
}

Certificate encoded(X509* certificate, EVP_PKEY* key) {
    const Bio key_out(BIO_new(BIO_s_mem()));
    check(PEM_write_bio_PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return {.certificate_pem = certificate_pem(certificate),
            .key_pem = content(key_out.get()),
            .certificate_der = der<i2d_X509>(certificate),
            .public_key_der = der<i2d_PUBKEY>(key)};
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        const bool is_address = name.find_first_not_of("0123456789.") == std::string::npos ||
                                name.find(':') != std::string::npos;
        out += (out.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
    }
    return out;
}

}  // namespace

struct Authority::Inside {
    Key key;
    X509Ptr certificate;
    Certificate encoded;
};

Validity valid_now() {
    const WallTime now = system_clock().now();
    return {now - std::chrono::hours(1), now + std::chrono::hours(24)};
}

Authority::Authority(const std::string& common_name, Validity validity)
    : inside_(std::make_unique<Inside>()) {
    inside_->key.reset(EVP_EC_gen("P-256"));
    inside_->certificate = blank(common_name, inside_->key.get(), validity);
    X509* const own = inside_->certificate.get();
    X509_set_issuer_name(own, X509_get_subject_name(own));
    add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(own, own, NID_subject_key_identifier, "hash");
    check(X509_sign(own, inside_->key.get(), EVP_sha256()) > 0);
    inside_->encoded = encoded(own, inside_->key.get());
}

Authority::~Authority() = default;

const Certificate& Authority::certificate() const {
    return inside_->encoded;
}

Certificate Authority::issue(const std::vector<std::string>& names, Validity validity) const {
    check(!names.empty());
    const Key key(EVP_EC_gen("P-256"));
    const X509Ptr made = blank(names.front(), key.get(), validity);
    X509* const issuer = inside_->certificate.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    add_extension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(made.get(), issuer, NID_subject_alt_name, alternative_names(names));
    check(X509_sign(made.get(), inside_->key.get(), EVP_sha256()) > 0);
    Certificate out = encoded(made.get(), key.get());
    out.certificate_pem += inside_->encoded.certificate_pem;
    return out;
}

Folder::Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pidge-XXXXXX").string();
    check(::mkdtemp(pattern.data()) != nullptr, "no temporary folder");
    path_ = pattern;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
    const std::string path = path_ + "/" + name;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
    return path;
}

}  // namespace pidge::tls::testing
