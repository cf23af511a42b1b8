#include "system/http/writer.h"

#include <fmt/format.h>

#include "base/text.h"
#include "system/http/target.h"

namespace pidge::http {

namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
    const auto append = [&](std::string_view text) {
        for (const char c : text) out += text::is_control(c) && c != '\t' ? ' ' : c;
    };
    append(name);
    out += ": ";
    append(value);
    out += "\r\n";
}

void append_fields(std::string& out, const Fields& fields) {
    for (const auto& [name, value] : fields) {
        // These belong to the connection, which only the server or client knows.
        if (text::iequals(name, "Content-Length") || text::iequals(name, "Transfer-Encoding") ||
            text::iequals(name, "Connection"))
            continue;
        append_field(out, name, value);
    }
}

}  // namespace

bool may_have_body(std::uint16_t status) {
    return status >= 200 && status != 204 && status != 304;
}

std::string write_response_header(const Response& response, Keep keep, Length length,
                                  std::string_view date) {
    std::string out =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
    append_field(out, "Date", date);
    append_fields(out, response.fields);
    if (length == Length::known && may_have_body(response.status))
        append_field(out, "Content-Length", std::to_string(response.body.size()));
    if (keep == Keep::no) append_field(out, "Connection", "close");
    return out + "\r\n";
}

std::string write_request(const Request& request) {
    std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method,
                                  write_target(request.path, request.query));
    if (!request.fields.find("Host")) append_field(out, "Host", "localhost");
    append_fields(out, request.fields);
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
        append_field(out, "Content-Length", std::to_string(request.body.size()));
    return out + "\r\n" + request.body;
}

}  // namespace pidge::http
