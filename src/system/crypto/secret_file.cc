#include "system/crypto/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "system/crypto/limits.h"

namespace pidge::crypto {

namespace {

Refusal refusal(const std::string& path, const std::string& why) {
    return {.kind = Refusal::Kind::policy, .text = "The password file " + path + " " + why};
}

std::string reason() {
    return std::generic_category().message(errno);
}

class Descriptor {
 public:
    // Not waiting for a writer, should it be a pipe.
    explicit Descriptor(const std::string& path)
        : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int number() const { return number_; }

 private:
    const int number_;
};

// False: a read failed. One octet beyond the limit shows that the file is too large.
bool read_all(int number, Bytes& octets) {
    octets.resize(limits::secret_file_octets_max + 1);
    std::size_t have = 0;
    while (have < octets.size()) {
        const ssize_t n = ::read(number, octets.data() + have, octets.size() - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        if (n == 0) break;
        have += static_cast<std::size_t>(n);
    }
    octets.resize(have);
    return true;
}

}  // namespace

Result<Secret> read_secret_file(const std::string& path) {
    const Descriptor file(path);
    if (file.number() < 0) return refusal(path, "cannot be opened: " + reason() + ".");
    struct stat about{};
    if (::fstat(file.number(), &about) != 0)
        return refusal(path, "cannot be looked at: " + reason() + ".");
    if (!S_ISREG(about.st_mode)) return refusal(path, "is no regular file.");
    if ((about.st_mode & S_IRWXO) != 0)
        return refusal(path, "is open to everybody on this machine: chmod o= it.");
    Bytes octets;
    if (!read_all(file.number(), octets)) return refusal(path, "cannot be read: " + reason() + ".");
    if (octets.size() > limits::secret_file_octets_max) {
        wipe(octets);
        return refusal(path, "is too large for a password.");
    }
    std::string_view line = std::string_view(octets).substr(0, octets.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    Secret secret(line);
    wipe(octets);
    if (secret.is_empty()) return refusal(path, "has no password in its first line.");
    return secret;
}

}  // namespace pidge::crypto
