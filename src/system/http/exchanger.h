// Exchanger: requests to services beside us that an administrator names by URL (libcurl): the API
// of whoever keeps the database, an object store. http or https; for https TLS 1.2 or better and a
// certificate from a known authority that names the host. No redirects, no proxy.
//
// Blocks: for threads that may, never for event loops. Thread-safe; connections are kept for the
// next request.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "system/http/message.h"

namespace pidge::http {

struct ExchangeRequest {
    std::string method = "GET";  // GET, HEAD, PUT, POST or DELETE
    std::string url;
    Fields fields;          // Host and Content-Length are added
    std::string_view body;  // lives until the answer is there
    std::size_t answer_octets_max = 64 * 1024;
    std::chrono::milliseconds connect_deadline{5'000};
    std::chrono::milliseconds deadline{30'000};  // for the whole of it
};

class Exchanger {
 public:
    struct Options {
        std::string authorities_path;       // PEM file; empty: those of the system
        std::size_t connections_kept = 16;  // that nobody uses at the moment
    };
    explicit Exchanger(Options options) : options_(std::move(options)) {}
    ~Exchanger();  // when no request is under way
    Exchanger(const Exchanger&) = delete;
    Exchanger& operator=(const Exchanger&) = delete;

    // An answer with any status, or a refusal that tells why there is none: not reached, too slow,
    // broken off, too large, a certificate that proves nothing.
    Result<Response> exchange(const ExchangeRequest& request);

    // Breaks off what is under way, within a second; it and all further ones are refused.
    void stop() { is_ending_ = true; }

 private:
    void* take();  // a CURL handle
    void give_back(void* handle);

    const Options options_;
    std::atomic<bool> is_ending_ = false;
    std::mutex mutex_;
    std::vector<void*> idle_;
};

}  // namespace pidge::http
