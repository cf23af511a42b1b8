#include "system/http/reader.h"

#include <boost/beast/http/basic_parser.hpp>

#include "base/text.h"

namespace pidge::http {

namespace {

namespace beast = boost::beast;
using beast::error_code;
using Text = beast::string_view;

std::string_view view(Text text) {
    return {text.data(), text.size()};
}

Refusal refuse(std::uint16_t status, std::string_view text) {
    return Refusal{.kind = Refusal::Kind::syntax, .text = std::string(text), .reply_code = status};
}

Refusal refusal_for(const error_code& error) {
    if (error == beast::http::error::header_limit)
        return refuse(431, "The header of the request is too large.");
    if (error == beast::http::error::body_limit)
        return refuse(413, "The body of the request is too large.");
    if (error == beast::http::error::bad_version)
        return refuse(505, "Of HTTP only the versions 1.0 and 1.1 are spoken here.");
    return refuse(400, "The request is no HTTP: " + error.message() + ".");
}

// RFC 9112 §2.2, §3, §5.1, §5.2: where the parser is lenient another reader of the same octets may
// be lenient in another way. Lines end with CRLF, the parts of the first line are divided by one
// space, and neither white space before a colon nor continued lines are taken.
//   request-line = method SP request-target SP HTTP-version
//   field-line   = field-name ":" OWS field-value OWS
bool is_strict(std::string_view header, bool is_request) {
    bool is_first = true;
    while (!header.empty()) {
        const std::size_t end = header.find("\r\n");
        if (end == std::string_view::npos) return false;
        const std::string_view line = header.substr(0, end);
        header.remove_prefix(end + 2);
        if (line.empty()) return header.empty();
        if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
            return false;
        if (std::exchange(is_first, false)) {
            if (is_request &&
                (std::ranges::count(line, ' ') != 2 || line.find('\t') != std::string_view::npos))
                return false;
            continue;
        }
        const std::string_view name = line.substr(0, line.find(':'));
        if (name.empty() || name.size() == line.size() ||
            name.find_first_of(" \t") != std::string_view::npos)
            return false;
    }
    return false;
}

}  // namespace

// What the parser has found, without the parser's own types.
class Reader::Parser {
 public:
    virtual ~Parser() = default;
    virtual std::size_t put(std::string_view octets, error_code& error) = 0;
    virtual void put_eof(error_code& error) = 0;
    virtual bool is_header_done() const = 0;
    virtual bool is_done() const = 0;
    virtual bool keeps_connection() const = 0;

    std::string method, target;
    std::uint16_t status = 0;
    int version = 11;
    Fields fields;
    Bytes body;
};

template <bool is_request>
class Reader::ParserOf final : public Parser, private beast::http::basic_parser<is_request> {
    using Base = beast::http::basic_parser<is_request>;

 public:
    ParserOf(const Limits& limits, bool without_body) {
        Base::header_limit(static_cast<std::uint32_t>(limits.header_octets_max));
        Base::body_limit(limits.body_octets_max);
        Base::skip(without_body);
    }

    std::size_t put(std::string_view octets, error_code& error) override {
        return Base::put(boost::asio::const_buffer(octets.data(), octets.size()), error);
    }
    void put_eof(error_code& error) override { Base::put_eof(error); }
    bool is_header_done() const override { return Base::is_header_done(); }
    bool is_done() const override { return Base::is_done(); }
    bool keeps_connection() const override { return Base::keep_alive(); }

 private:
    void on_request_impl(beast::http::verb, Text own_method, Text own_target, int own_version,
                         error_code& error) override {
        method = view(own_method);
        target = view(own_target);
        set_version(own_version, error);
    }
    void on_response_impl(int code, Text, int own_version, error_code& error) override {
        status = static_cast<std::uint16_t>(code);
        set_version(own_version, error);
    }
    void set_version(int own_version, error_code& error) {
        version = own_version;
        if (version != 10 && version != 11) error = beast::http::error::bad_version;
    }
    void on_field_impl(beast::http::field, Text name, Text value, error_code&) override {
        // RFC 9110 §6.5.1: trailer fields must not be taken for header fields; nobody here needs
        // them.
        if (!header_ended_) fields.add(view(name), view(value));
    }
    void on_header_impl(error_code&) override { header_ended_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(Text part, error_code&) override { return take(part); }
    void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text part, error_code&) override {
        return take(part);
    }
    void on_finish_impl(error_code&) override {}

    std::size_t take(Text part) {
        body.append(part.data(), part.size());
        return part.size();
    }

    bool header_ended_ = false;
};

Reader::Reader(Kind kind, const Limits& limits) : kind_(kind), limits_(limits) {
    if (kind == Kind::request)
        parser_ = std::make_unique<ParserOf<true>>(limits, false);
    else
        parser_ = std::make_unique<ParserOf<false>>(limits, kind == Kind::response_to_head);
}
Reader::~Reader() = default;

const std::string& Reader::method() const {
    return parser_->method;
}
const std::string& Reader::target() const {
    return parser_->target;
}
std::uint16_t Reader::status() const {
    return parser_->status;
}
int Reader::version() const {
    return parser_->version;
}
const Fields& Reader::fields() const {
    return parser_->fields;
}
bool Reader::keeps_connection() const {
    return parser_->keeps_connection();
}
Bytes Reader::release_body() {
    return std::move(parser_->body);
}
std::size_t Reader::body_octets() const {
    return parser_->body.size();
}

// RFC 9112 §6.1, §6.3: what an intermediary could read otherwise is refused, not guessed at.
Result<> Reader::judge_header() const {
    if (!is_strict(header_, kind_ == Kind::request))
        return refuse(400, "The header is not written as RFC 9112 asks for.");
    const Fields& all = parser_->fields;
    const auto coding = all.find("Transfer-Encoding");
    const auto length = all.find("Content-Length");
    if (coding && length)
        return refuse(400, "The request has both Content-Length and Transfer-Encoding.");
    if (coding && version() == 10) return refuse(400, "HTTP/1.0 knows no Transfer-Encoding.");
    if (all.count("Transfer-Encoding") > 1 || all.count("Content-Length") > 1)
        return refuse(400, "The request tells its length twice.");
    if (coding && !text::iequals(text::trim(*coding), "chunked"))
        return refuse(501, "No transfer coding but \"chunked\" is understood.");
    if (length && !text::parse_u64(*length))
        return refuse(400, "The request's Content-Length is no number.");
    if (kind_ != Kind::request) return {};
    // RFC 9112 §3.2: exactly one Host.
    if (all.count("Host") > 1 || (version() == 11 && all.count("Host") == 0))
        return refuse(400, "A request has exactly one Host field.");
    return {};
}

Result<> Reader::take_header(std::string& input) {
    // Never more than the limit is looked at, however much has come.
    const std::size_t room = limits_.header_octets_max - header_.size();
    error_code error;
    std::size_t used = 0;
    while (!parser_->is_header_done() && used < std::min(room, input.size())) {
        const std::size_t step =
            parser_->put(std::string_view(input).substr(used, room - used), error);
        used += step;
        if (error || step == 0) break;
    }
    const bool is_full = input.size() >= room;
    header_ += std::string_view(input).substr(0, used);
    input.erase(0, used);
    if (error && error != beast::http::error::need_more) return refusal_for(error);
    if (!parser_->is_header_done() && is_full) return refusal_for(beast::http::error::header_limit);
    return {};
}

Result<> Reader::take_body(std::string& input) {
    error_code error;
    std::size_t used = 0;
    // Beast 1.81 asserts that a last chunk which is also the first comes with five octets at once
    // ("0", CRLF, CRLF), so it is given no fewer. No chunked body that goes on has fewer left.
    const std::size_t least = parser_->fields.find("Transfer-Encoding") ? 5 : 1;
    // The parser stops at each part of the body (chunk header, chunk).
    while (!parser_->is_done() && input.size() - used >= least) {
        const std::size_t step = parser_->put(std::string_view(input).substr(used), error);
        used += step;
        if (error || step == 0) break;
    }
    input.erase(0, used);
    if (error && error != beast::http::error::need_more) return refusal_for(error);
    // The parser limits the header and the body, not the lines between chunks and the trailer.
    if (!parser_->is_done() && input.size() > limits_.header_octets_max)
        return refuse(400, "A line of the chunked body is too long.");
    return {};
}

Result<Reader::Progress> Reader::take(std::string& input) {
    if (!header_told_) {
        TRY(take_header(input));
        if (!parser_->is_header_done()) return Progress::header_missing;
        TRY(judge_header());
        header_told_ = true;
        header_ = {};
        return Progress::header_read;
    }
    TRY(take_body(input));
    return parser_->is_done() ? Progress::complete : Progress::body_missing;
}

Result<Reader::Progress> Reader::end() {
    const Refusal too_early = refuse(400, "The connection ended within a message.");
    if (!header_told_) return too_early;
    error_code error;
    if (!parser_->is_done()) parser_->put_eof(error);
    if (error || !parser_->is_done()) return too_early;
    return Progress::complete;
}

}  // namespace pidge::http
