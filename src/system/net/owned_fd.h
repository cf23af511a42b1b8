// OwnedFd: a file descriptor that is closed in the end.
#pragma once

#include <unistd.h>

#include <utility>

namespace pidge::net {

class OwnedFd {
 public:
    OwnedFd() = default;
    explicit OwnedFd(int fd) : fd_(fd) {}
    OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OwnedFd& operator=(OwnedFd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~OwnedFd() { reset(-1); }

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

 private:
    void reset(int fd) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
    }

    int fd_ = -1;
};

}  // namespace pidge::net
