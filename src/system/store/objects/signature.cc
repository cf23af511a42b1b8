#include "system/store/objects/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "system/crypto/digest.h"

namespace pidge::store {

namespace {

constexpr std::string_view service = "s3";
constexpr std::string_view signed_fields = "host;x-amz-content-sha256;x-amz-date";

enum class Slash : std::uint8_t { kept, escaped };

std::string escaped(std::string_view text, Slash slash) {
    std::string out;
    for (const char c : text) {
        const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                              c == '~' || (c == '/' && slash == Slash::kept);
        if (is_plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

// In order of name, as it is signed; the order in which it is sent is the same.
std::string escaped_query(std::vector<std::pair<std::string, std::string>> query) {
    for (auto& [name, value] : query) {
        name = escaped(name, Slash::escaped);
        value = escaped(value, Slash::escaped);
    }
    std::ranges::sort(query);
    std::string out;
    for (const auto& [name, value] : query) out += (out.empty() ? "" : "&") + name + "=" + value;
    return out;
}

std::string hex(const crypto::Digest& digest) {
    return text::hex(crypto::bytes_of(digest));
}

struct Moment {
    std::string date;  // "20130524"
    std::string time;  // "20130524T000000Z"
};

Moment moment_of(WallTime now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(seconds - day);
    Moment moment{
        fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())),
        {}};
    moment.time = fmt::format("{}T{:02}{:02}{:02}Z", moment.date, time.hours().count(),
                              time.minutes().count(), time.seconds().count());
    return moment;
}

crypto::Digest day_key(const SigningKey& key, const std::string& date) {
    const std::string first = "AWS4" + key.secret;
    crypto::Digest digest = crypto::hmac_sha256(first, date);
    for (const std::string_view part :
         {std::string_view(key.region), service, std::string_view("aws4_request")})
        digest = crypto::hmac_sha256(crypto::bytes_of(digest), part);
    return digest;
}

}  // namespace

std::string escaped_target(const SignedRequest& request) {
    const std::string query = escaped_query(request.query);
    return escaped(request.path, Slash::kept) + (query.empty() ? "" : "?" + query);
}

http::Fields sign(const SignedRequest& request, const SigningKey& key, WallTime now) {
    const Moment moment = moment_of(now);
    const std::string body = hex(crypto::sha256(request.body));
    const std::string canonical = fmt::format(
        "{}\n{}\n{}\nhost:{}\nx-amz-content-sha256:{}\nx-amz-date:{}\n\n{}\n{}", request.method,
        escaped(request.path, Slash::kept), escaped_query(request.query), request.host, body,
        moment.time, signed_fields, body);
    const std::string scope =
        fmt::format("{}/{}/{}/aws4_request", moment.date, key.region, service);
    const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", moment.time, scope,
                                            hex(crypto::sha256(canonical)));
    const crypto::Digest signature =
        crypto::hmac_sha256(crypto::bytes_of(day_key(key, moment.date)), to_sign);
    return {{"Host", std::string(request.host)},
            {"X-Amz-Date", moment.time},
            {"X-Amz-Content-Sha256", body},
            {"Authorization",
             fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                         key.access_key, scope, signed_fields, hex(signature))}};
}

}  // namespace pidge::store
