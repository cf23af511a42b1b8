#include "system/http/exchanger.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "system/http/curl.h"

namespace pidge::http {

namespace {

using curl::List;
using curl::set;

// All fields of an answer; services beside us send a few hundred octets.
constexpr std::size_t answer_fields_octets_max = 64 * 1024;

// What the callbacks fill; it lives as long as the transfer.
struct Transfer {
    const std::atomic<bool>& is_ending;
    std::size_t octets_max;
    Response answer;
    std::size_t field_octets = 0;
    bool is_too_large = false;
};

std::size_t take_body(char* octets, std::size_t, std::size_t size, void* context) {
    Transfer& transfer = *static_cast<Transfer*>(context);
    if (size > transfer.octets_max - transfer.answer.body.size()) {
        transfer.is_too_large = true;
        return 0;  // ends the transfer
    }
    transfer.answer.body.append(octets, size);
    return size;
}

std::size_t take_field(char* octets, std::size_t, std::size_t size, void* context) {
    Transfer& transfer = *static_cast<Transfer*>(context);
    transfer.field_octets += size;
    if (transfer.field_octets > answer_fields_octets_max) {
        transfer.is_too_large = true;
        return 0;
    }
    const std::string_view line(octets, size);
    // An answer 100 comes before the one that counts.
    if (line.starts_with("HTTP/")) transfer.answer.fields = {};
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos)
        transfer.answer.fields.add(line.substr(0, colon), text::trim(line.substr(colon + 1)));
    return size;
}

int look_around(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->is_ending ? 1 : 0;
}

void set_transfer(CURL* easy, Transfer& transfer, const ExchangeRequest& request) {
    set(easy, CURLOPT_WRITEFUNCTION, &take_body);
    set(easy, CURLOPT_WRITEDATA, &transfer);
    set(easy, CURLOPT_HEADERFUNCTION, &take_field);
    set(easy, CURLOPT_HEADERDATA, &transfer);
    set(easy, CURLOPT_XFERINFOFUNCTION, &look_around);
    set(easy, CURLOPT_XFERINFODATA, &transfer);
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(request.connect_deadline, request.deadline).count()));
}

List lines_of(const Fields& fields) {
    List lines(nullptr, &curl_slist_free_all);
    const auto add = [&lines](const std::string& line) {
        lines.reset(curl_slist_append(lines.release(), line.c_str()));
        check(lines != nullptr, "libcurl has memory");
    };
    // What libcurl would add by itself: a wait for "100 Continue", and the type of a form.
    add("Expect:");
    add("Content-Type:");
    for (const auto& [name, value] : fields) add(name + ": " + value);
    return lines;
}

// The body is sent from where it lies.
void set_method(CURL* easy, const ExchangeRequest& request) {
    if (request.method == "HEAD") {
        set(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (request.method != "GET" && request.method != "DELETE") {
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

// The host as a person would name the service.
std::string place_of(const std::string& url) {
    const std::size_t begin = url.find("://");
    const std::string rest = begin == std::string::npos ? url : url.substr(begin + 3);
    return rest.substr(0, rest.find_first_of("/?"));
}

Refusal refusal_of(CURLcode code, const Transfer& transfer, const std::string& url,
                   const char* told) {
    std::string why = *told != '\0' ? told : curl_easy_strerror(code);
    if (transfer.is_ending) why = "the program ends";
    if (transfer.is_too_large) why = "its answer is too large";
    return {.kind = transfer.is_too_large ? Refusal::Kind::limit : Refusal::Kind::temporary,
            .text = place_of(url) + ": " + text::printable(why, 300)};
}

}  // namespace

Exchanger::~Exchanger() {
    for (void* const handle : idle_) curl_easy_cleanup(handle);
}

void* Exchanger::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            void* const handle = idle_.back();
            idle_.pop_back();
            return handle;
        }
    }
    curl::begin();
    void* const handle = curl_easy_init();
    check(handle != nullptr, "libcurl has memory");
    return handle;
}

// A handle keeps its connection; what was set for one request is forgotten.
void Exchanger::give_back(void* handle) {
    curl_easy_reset(handle);
    const std::lock_guard lock(mutex_);
    if (idle_.size() < options_.connections_kept)
        idle_.push_back(handle);
    else
        curl_easy_cleanup(handle);
}

Result<Response> Exchanger::exchange(const ExchangeRequest& request) {
    CURL* const easy = take();
    Transfer transfer{.is_ending = is_ending_, .octets_max = request.answer_octets_max};
    char told[CURL_ERROR_SIZE] = "";
    const List lines = lines_of(request.fields);
    set(easy, CURLOPT_ERRORBUFFER, told);
    curl::set_safety(easy, "http,https", options_.authorities_path);
    set_transfer(easy, transfer, request);
    set(easy, CURLOPT_URL, request.url.c_str());
    // The path is what the caller signed: nothing in it is tidied up.
    set(easy, CURLOPT_PATH_AS_IS, 1L);
    set(easy, CURLOPT_HTTPHEADER, lines.get());
    set_method(easy, request);
    const CURLcode code = is_ending_ ? CURLE_ABORTED_BY_CALLBACK : curl_easy_perform(easy);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    give_back(easy);
    if (code != CURLE_OK) return refusal_of(code, transfer, request.url, told);
    transfer.answer.status = static_cast<std::uint16_t>(status);
    return std::move(transfer.answer);
}

}  // namespace pidge::http
