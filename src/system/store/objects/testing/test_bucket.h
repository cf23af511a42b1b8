// TestBucket: an object store of its own for one case, which ends with it.
#pragma once

#include <string>

#include <sys/types.h>

#include "system/store/objects/bucket.h"

namespace pidge::store {

class TestBucket {
 public:
    TestBucket();  // throws std::runtime_error when there can be none
    ~TestBucket();
    TestBucket(const TestBucket&) = delete;
    TestBucket& operator=(const TestBucket&) = delete;

    BucketOptions options() const;
    static BucketOptions options_at(const std::string& endpoint);  // of one in another process
    // "500", "404", "cut", "damaged", "slow": each befalls one request. "down", "up".
    void order(const std::string& words) const;

 private:
    std::string folder_;
    pid_t pid_ = -1;
    std::string port_;
};

}  // namespace pidge::store
