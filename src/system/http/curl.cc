#include "system/http/curl.h"

#include <mutex>

namespace pidge::http::curl {

void begin() {
    static std::once_flag once;
    std::call_once(
        once, [] { check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl begins"); });
}

void set_safety(CURL* easy, const char* protocols, const std::string& authorities_path) {
    set(easy, CURLOPT_PROTOCOLS_STR, protocols);
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!authorities_path.empty()) {
        set(easy, CURLOPT_CAINFO, authorities_path.c_str());
        set(easy, CURLOPT_CAPATH, nullptr);
    }
}

}  // namespace pidge::http::curl
