// What all users of libcurl in this folder share. Internal to the folder.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace pidge::http::curl {

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// Before the first use of the library; cheap after that.
void begin();

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
    check(curl_easy_setopt(easy, option, value) == CURLE_OK, "an option that libcurl knows");
}

// No proxy, no redirects, no signals; TLS 1.2 or better, a certificate from a known authority that
// names the host. `protocols` as libcurl writes them ("https", "http,https").
void set_safety(CURL* easy, const char* protocols, const std::string& authorities_path);

}  // namespace pidge::http::curl
