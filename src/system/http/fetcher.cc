#include "system/http/fetcher.h"

#include <memory>

#include "base/check.h"
#include "base/text.h"
#include "system/http/curl.h"
#include "system/net/gone.h"

namespace pidge::http {

namespace {

constexpr std::chrono::milliseconds connect_timeout{15'000};
constexpr std::size_t content_type_octets_max = 200;

using curl::Easy;
using curl::List;
using curl::set;

// What the callbacks fill; it lives as long as the transfer.
struct Transfer {
    const std::atomic<bool>& is_ending;
    std::size_t octets_max;
    Bytes body;
    bool is_too_large = false;
};

std::size_t take_body(char* octets, std::size_t, std::size_t size, void* context) {
    Transfer& transfer = *static_cast<Transfer*>(context);
    if (size > transfer.octets_max - transfer.body.size()) {
        transfer.is_too_large = true;
        return 0;  // ends the transfer
    }
    transfer.body.append(octets, size);
    return size;
}

int look_around(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->is_ending ? 1 : 0;
}

List list_of(const std::string& line) {
    return {curl_slist_append(nullptr, line.c_str()), &curl_slist_free_all};
}

std::string bracketed(const net::Address& address) {
    return address.is_v6() ? "[" + address.text() + "]" : address.text();
}

// "host:port:address,address": instead of a look-up.
std::string resolve_line(const FetchRequest& request) {
    std::vector<std::string> addresses;
    for (const net::Address& address : request.addresses) addresses.push_back(bracketed(address));
    return request.host + ":" + std::to_string(request.port) + ":" + text::join(addresses, ",");
}

void set_transfer(CURL* easy, Transfer& transfer, std::chrono::milliseconds deadline) {
    set(easy, CURLOPT_WRITEFUNCTION, &take_body);
    set(easy, CURLOPT_WRITEDATA, &transfer);
    set(easy, CURLOPT_XFERINFOFUNCTION, &look_around);
    set(easy, CURLOPT_XFERINFODATA, &transfer);
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.count()));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(connect_timeout, deadline).count()));
}

Refusal refusal_of(CURLcode code, const Transfer& transfer, const std::string& host,
                   const char* told) {
    Refusal refusal{.kind = Refusal::Kind::temporary};
    std::string why = *told != '\0' ? told : curl_easy_strerror(code);
    if (transfer.is_too_large) {
        refusal.kind = Refusal::Kind::limit;
        why = "its answer is too large";
    } else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR) {
        refusal.kind = Refusal::Kind::policy;
        refusal.code = "certificate";
    }
    refusal.text = "The web server " + host + " cannot be used: " + text::printable(why, 300) + ".";
    return refusal;
}

}  // namespace

Fetcher::Fetcher(Options options)
    : options_(std::move(options)),
      pool_({.name = "fetch", .threads = options_.threads, .queue_max = options_.waiting_max}) {
    curl::begin();
}

Fetcher::~Fetcher() {
    stop();
}

net::Task<Result<Fetched>> Fetcher::fetch(FetchRequest request) {
    if (request.addresses.empty())
        co_return Refusal{.kind = Refusal::Kind::temporary,
                          .text = "The web server " + request.host + " has no address."};
    auto fetched = co_await pool_.run([&] {
        if (is_ending_) throw net::Gone(net::Gone::Why::shutdown, "the program ends");
        auto answer = fetch_now(request);
        // What failed because we end says nothing about the other side.
        if (!answer && is_ending_) throw net::Gone(net::Gone::Why::shutdown, "the program ends");
        return answer;
    });
    co_return fetched;
}

Result<Fetched> Fetcher::fetch_now(const FetchRequest& request) const {
    const Easy easy(curl_easy_init(), &curl_easy_cleanup);
    check(easy != nullptr, "libcurl has memory");
    Transfer transfer{.is_ending = is_ending_, .octets_max = request.answer_octets_max};
    char told[CURL_ERROR_SIZE] = "";
    set(easy.get(), CURLOPT_ERRORBUFFER, told);
    curl::set_safety(easy.get(), "https", options_.authorities_path);
    set_transfer(easy.get(), transfer, request.deadline);
    set(easy.get(), CURLOPT_URL, ("https://" + request.host + request.path).c_str());
    // The port is no part of the URL, so that name and Host field are as everywhere.
    const List resolve = list_of(resolve_line(request));
    const List connect =
        list_of(request.host + ":443:" + request.host + ":" + std::to_string(request.port));
    set(easy.get(), CURLOPT_RESOLVE, resolve.get());
    set(easy.get(), CURLOPT_CONNECT_TO, connect.get());
    List fields(nullptr, &curl_slist_free_all);
    if (!request.content_type.empty()) {
        fields = list_of("Content-Type: " + request.content_type);
        set(easy.get(), CURLOPT_HTTPHEADER, fields.get());
        set(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(easy.get(), CURLOPT_POSTFIELDS, request.body.data());
    }
    if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK)
        return refusal_of(code, transfer, request.host, told);
    long status = 0;
    const char* content_type = nullptr;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &content_type);
    return Fetched{.status = static_cast<std::uint16_t>(status),
                   .content_type = std::string(content_type != nullptr ? content_type : "")
                                       .substr(0, content_type_octets_max),
                   .body = std::move(transfer.body)};
}

}  // namespace pidge::http
