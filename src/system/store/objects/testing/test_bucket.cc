#include "system/store/objects/testing/test_bucket.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace pidge::store {

namespace {

constexpr auto look = std::chrono::milliseconds(10);
constexpr int looks_max = 6000;

}  // namespace

TestBucket::TestBucket() {
    std::string pattern = "/tmp/s3test-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    const std::string script = PIDGE_SOURCE_DIR "/tests/lib/s3.py";
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(126);
        ::execlp("python3", "python3", script.c_str(), folder_.c_str(), nullptr);
        ::_exit(127);
    }
    for (int i = 0; i < looks_max && port_.empty(); ++i) {
        std::this_thread::sleep_for(look);
        std::ifstream(folder_ + "/port") >> port_;
    }
    if (port_.empty()) throw std::runtime_error("the stand-in of an object store does not start");
}

TestBucket::~TestBucket() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

BucketOptions TestBucket::options() const {
    return options_at("http://127.0.0.1:" + port_);
}

BucketOptions TestBucket::options_at(const std::string& endpoint) {
    return {.endpoint = endpoint,
            .bucket = "mail",
            .prefix = "pidge/",
            .key = {.access_key = "PIDGETESTKEY",
                    .secret = "secret/of+the+tests",
                    .region = "eu-test-1"},
            .authorities_path = {},
            .away_first = std::chrono::milliseconds(20)};
}

void TestBucket::order(const std::string& words) const {
    const std::string path = folder_ + "/orders";
    std::ofstream(path + ".new") << words;
    std::filesystem::rename(path + ".new", path);
    for (int i = 0; i < looks_max && std::filesystem::exists(path); ++i)
        std::this_thread::sleep_for(look);
}

}  // namespace pidge::store
