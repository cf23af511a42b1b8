#include "system/net/proxy_header.h"

#include "base/text.h"
#include "system/net/gone.h"
#include "system/net/limits.h"

namespace pidge::net {

namespace {

using namespace std::string_view_literals;

constexpr auto v1_start = "PROXY "sv;
constexpr auto v2_signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t v2_fixed_octets = 16;

Refusal refuse(const char* fault) {
    return {.kind = Refusal::Kind::syntax, .text = std::string("PROXY header: ") + fault};
}

std::uint8_t octet(std::string_view from, std::size_t at) {
    return static_cast<std::uint8_t>(from[at]);
}

std::size_t number16(std::string_view from, std::size_t at) {
    return static_cast<std::size_t>(octet(from, at) << 8 | octet(from, at + 1));
}

// Decimal, no leading zero, as the specification has it.
std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto number = text::parse_u64(text);
    if (!number || *number > 65535 || (text.size() > 1 && text[0] == '0')) return {};
    return static_cast<std::uint16_t>(*number);
}

// Section 2.1: TCP4 goes with IPv4 notation only, TCP6 with IPv6 notation only.
std::optional<Address> parse_address(std::string_view text, bool is_v6) {
    if ((text.find(':') != std::string_view::npos) != is_v6) return {};
    return Address::parse(text);
}

Address address_at(std::string_view from, std::size_t at, bool is_v6) {
    if (is_v6) {
        std::array<std::uint8_t, 16> octets;
        std::memcpy(octets.data(), from.data() + at, octets.size());
        return Address::v6(octets);
    }
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), from.data() + at, octets.size());
    return Address::v4(octets);
}

Task<void> read_exactly(Stream& stream, std::string& into, std::size_t more) {
    std::size_t have = into.size();
    into.resize(have + more);
    while (have < into.size()) {
        const std::span rest = std::span(into).subspan(have);
        const std::size_t n = co_await stream.read_some(rest);
        if (n == 0) throw Gone(Gone::Why::closed, "the balancer ended the connection");
        have += n;
    }
}

class Readdressed final : public Stream {
 public:
    Readdressed(std::unique_ptr<Stream> lower, Endpoint local, Endpoint remote)
        : lower_(std::move(lower)), local_(local), remote_(remote) {}

    Task<std::size_t> read_some(std::span<char> into) override { return lower_->read_some(into); }
    Task<void> wait_readable() override { return lower_->wait_readable(); }
    bool has_input() override { return lower_->has_input(); }
    Task<void> write(std::string_view bytes) override { return lower_->write(bytes); }
    Task<void> shutdown() override { return lower_->shutdown(); }
    void close() noexcept override { lower_->close(); }
    void set_deadline(std::chrono::milliseconds from_now) override {
        lower_->set_deadline(from_now);
    }
    Endpoint local() const override { return local_; }
    Endpoint remote() const override { return remote_; }
    const TlsInfo* tls() const override { return lower_->tls(); }

 private:
    std::unique_ptr<Stream> lower_;
    Endpoint local_, remote_;
};

}  // namespace

Result<ProxyHeader> parse_proxy_v1(std::string_view line) {
    if (line.size() > limits::proxy_v1_octets || !line.starts_with(v1_start) ||
        !line.ends_with("\r\n"))
        return refuse("no line of version 1");
    line.remove_suffix(2);
    // Section 2.1: after UNKNOWN, all up to the end of the line is to be ignored.
    if (line == "PROXY UNKNOWN" || line.starts_with("PROXY UNKNOWN ")) return ProxyHeader{};
    const auto words = text::split(line, ' ');
    if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6"))
        return refuse("a protocol other than TCP4, TCP6 and UNKNOWN, or not all of its fields");
    const bool is_v6 = words[1] == "TCP6";
    const auto client = parse_address(words[2], is_v6), server = parse_address(words[3], is_v6);
    const auto client_port = parse_port(words[4]), server_port = parse_port(words[5]);
    if (!client || !server || !client_port || !server_port)
        return refuse("an address or port that cannot be read");
    return ProxyHeader{true, {*client, *client_port}, {*server, *server_port}};
}

Result<ProxyHeader> parse_proxy_v2(std::string_view header) {
    if (header.size() < v2_fixed_octets || !header.starts_with(v2_signature) ||
        number16(header, 14) != header.size() - v2_fixed_octets)
        return refuse("no header of version 2");
    const std::uint8_t version = octet(header, 12) >> 4, command = octet(header, 12) & 15;
    const std::uint8_t family = octet(header, 13) >> 4, transport = octet(header, 13) & 15;
    // Section 2.2: receivers must drop what is not assigned.
    if (version != 2 || command > 1 || family > 3 || transport > 2)
        return refuse("an unassigned version, command, family or transport");
    const bool is_local = command == 0, is_unspecified = family == 0 || transport == 0;
    const bool is_unix = family == 3;
    if (is_local || is_unspecified || is_unix) return ProxyHeader{};
    if (transport != 1) return refuse("a transport other than streams");
    const bool is_v6 = family == 2;
    const std::size_t octets = is_v6 ? 16 : 4, start = v2_fixed_octets;
    // TLVs may follow the addresses; none of them matters here.
    if (header.size() < start + 2 * octets + 4) return refuse("too short for its addresses");
    const auto port_at = [&](std::size_t at) {
        return static_cast<std::uint16_t>(number16(header, at));
    };
    return ProxyHeader{
        true,
        {address_at(header, start, is_v6), port_at(start + 2 * octets)},
        {address_at(header, start + octets, is_v6), port_at(start + 2 * octets + 2)}};
}

Task<Result<ProxyHeader>> read_proxy_header(Stream& stream) {
    // Both versions have more octets than the signature of version 2, so this reads nothing of what
    // follows.
    std::string header;
    co_await read_exactly(stream, header, v2_signature.size());
    if (header == v2_signature) {
        co_await read_exactly(stream, header, v2_fixed_octets - header.size());
        const std::size_t body = number16(header, 14);
        if (body > limits::proxy_v2_body_octets) co_return refuse("too long");
        co_await read_exactly(stream, header, body);
        co_return parse_proxy_v2(header);
    }
    if (!header.starts_with(v1_start)) co_return refuse("there is none");
    while (!header.ends_with("\r\n")) {
        if (header.size() >= limits::proxy_v1_octets) co_return refuse("too long");
        // Octet by octet: where the line ends is not known before.
        co_await read_exactly(stream, header, 1);
    }
    co_return parse_proxy_v1(header);
}

std::unique_ptr<Stream> with_endpoints(std::unique_ptr<Stream> stream, Endpoint local,
                                       Endpoint remote) {
    return std::make_unique<Readdressed>(std::move(stream), local, remote);
}

}  // namespace pidge::net
