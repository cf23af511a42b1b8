// Fetcher: requests to other sites' web servers by HTTPS (libcurl), from the event loops, through a
// few threads of its own. TLS 1.2 or better, a certificate from a known authority that names the
// host, no redirects, no proxy, no other scheme.
//
// Any thread. It outlives the coroutines that use it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "system/net/endpoint.h"
#include "system/net/pool.h"
#include "system/net/task.h"

namespace pidge::http {

struct FetchRequest {
    std::string host;  // an A-label name: of the certificate, SNI and the Host field
    // Where to connect, tried in this order. The caller looks the name up, with the resolver that
    // all of the program uses.
    std::vector<net::Address> addresses;
    std::uint16_t port = 443;
    std::string path = "/";  // in the form of a request line
    // A POST of these octets, of this type; without a type it is a GET.
    std::string content_type;
    Bytes body;
    std::size_t answer_octets_max = 64 * 1024;
    std::chrono::milliseconds deadline{60'000};  // for the whole of it
};

struct Fetched {
    std::uint16_t status = 0;
    std::string content_type;  // as sent; may be empty
    Bytes body;
};

class Fetcher {
 public:
    struct Options {
        std::string authorities_path;  // PEM file; empty: those of the system
        std::size_t threads = 4;
        std::size_t waiting_max = 200;
    };
    explicit Fetcher(Options options);
    ~Fetcher();  // stop()
    Fetcher(const Fetcher&) = delete;
    Fetcher& operator=(const Fetcher&) = delete;

    // An answer with any status, or why there is none. Of the refusals, those with code
    // "certificate" are about what the server has proven; all others mean that it could not be
    // reached or broke the protocol. Throws Gone(full) when too many wait, Gone(shutdown).
    net::Task<Result<Fetched>> fetch(FetchRequest request);

    // Breaks off what is under way, soon; it ends with Gone(shutdown), as do all further ones.
    void stop() { is_ending_ = true; }

 private:
    Result<Fetched> fetch_now(const FetchRequest& request) const;

    const Options options_;
    std::atomic<bool> is_ending_ = false;
    net::Pool pool_;
};

}  // namespace pidge::http
