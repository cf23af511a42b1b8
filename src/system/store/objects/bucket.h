// Bucket: the place in an S3-compatible object store where chunks of large bodies lie. Each request
// is repeated a few times; when the store does not answer at all, those that come next are refused
// at once for a while, so that nobody waits in vain.
//
// Blocks; thread-safe. Throws Fault (unavailable): it is away, full, or refuses our requests.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "system/http/exchanger.h"
#include "system/store/objects/limits.h"
#include "system/store/objects/listing.h"
#include "system/store/objects/signature.h"
#include "system/store/store.h"

namespace pidge::store {

struct BucketOptions {
    std::string endpoint;  // "https://s3.example.org", with a port where it has one
    std::string bucket;
    std::string prefix;  // of the names of all objects: "pidge/"
    SigningKey key;
    // Where the bucket's name stands: in the path, or in front of the host's name.
    enum class Style : std::uint8_t { path, host } style = Style::path;
    std::string authorities_path;  // PEM file; empty: those of the system
    std::chrono::milliseconds deadline = objects_limits::deadline;  // of one attempt
    std::chrono::milliseconds away_first = objects_limits::away_first;
};

class Bucket {
 public:
    explicit Bucket(BucketOptions options);

    // Names are those below the prefix.
    void put(const std::string& name, std::string_view octets);
    std::optional<Bytes> get(const std::string& name,
                             std::size_t octets_max);  // nullopt: not there
    void erase(const std::string& name);               // whether or not it is there
    // A page of all names, from where the page before said; names without the prefix are left out.
    Listing list(const std::string& after);

    // Whether an object can be written, read, listed and removed; for `pidge check`. The reason,
    // for the administrator; empty: all is well.
    std::string try_out();

    // Breaks off what is under way; nothing goes any more.
    void stop() {
        is_stopped_ = true;
        exchanger_.stop();
    }

 private:
    struct Call {
        std::string_view method;
        std::string name;  // empty: the bucket itself
        std::vector<std::pair<std::string, std::string>> query;
        std::string_view body;
        std::size_t answer_octets_max = objects_limits::answer_octets_max;
    };
    http::Response call(const Call& call);
    Result<http::Response> attempt(const Call& call);
    int enter();  // how many attempts there are
    void note_reached();
    [[noreturn]] void note_away(const std::string& why);

    const BucketOptions options_;
    std::string scheme_, host_;  // of the endpoint
    http::Exchanger exchanger_;
    std::atomic<bool> is_stopped_ = false;

    std::mutex mutex_;
    std::chrono::milliseconds away_{0};  // how long the present pause is; 0: it is not away
    std::chrono::steady_clock::time_point away_until_;
    std::string away_why_;
};

}  // namespace pidge::store
