#include "protocols/sasl/scram_message.h"

#include "base/text.h"
#include "protocols/sasl/limits.h"
#include "protocols/sasl/prepare.h"

namespace pidge::sasl {
namespace {

constexpr std::string_view malformed = "The SCRAM message cannot be read";

// Takes one attribute and the comma after it off the front: "r=abc," gives "abc".
Result<std::string_view> take_attribute(std::string_view& in, char name) {
    if (in.size() < 2 || in[0] != name || in[1] != '=') return bad_message(malformed);
    const std::size_t end = std::min(in.find(','), in.size());
    const std::string_view value = in.substr(2, end - 2);
    in.remove_prefix(std::min(end + 1, in.size()));
    return value;
}

// saslname = 1*(value-safe-char / "=2C" / "=3D")
Result<std::string> unescape_name(std::string_view name) {
    std::string out;
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name[at] != '=') {
            out += name[at];
            continue;
        }
        const std::string_view escape = name.substr(at, 3);
        if (escape != "=2C" && escape != "=3D") return bad_message(malformed);
        out += escape == "=2C" ? ',' : '=';
        at += 2;
    }
    return out;
}

// printable = %x21-2B / %x2D-7E
bool is_nonce(std::string_view nonce) {
    for (const char c : nonce)
        if (c < 0x21 || c > 0x7E || c == ',') return false;
    return !nonce.empty() && nonce.size() <= limits::nonce_octets;
}

Result<std::string> decode(std::string_view text) {
    auto decoded = text::from_base64(text);
    if (!decoded) return bad_message("The SCRAM message has an attribute that is not base64");
    return std::move(*decoded);
}

Result<void> read_binding_flag(std::string_view& in, ClientFirst& first) {
    const std::size_t end = in.find(',');
    if (end == std::string_view::npos) return bad_message(malformed);
    const std::string_view flag = in.substr(0, end);
    in.remove_prefix(end + 1);
    if (flag == "n" || flag == "y") {
        first.binding = flag == "n" ? ClientFirst::Binding::unsupported
                                    : ClientFirst::Binding::unsupported_by_server;
        return {};
    }
    if (!flag.starts_with("p=") || flag.size() == 2) return bad_message(malformed);
    first.binding = ClientFirst::Binding::used;
    first.binding_type = flag.substr(2);
    return {};
}

}  // namespace

Result<ClientFirst> parse_client_first(std::string_view message) {
    if (message.size() > limits::message_octets)
        return bad_message("The SCRAM message is too long");
    ClientFirst first;
    std::string_view in = message;
    TRY(read_binding_flag(in, first));
    if (in.starts_with(',')) {
        in.remove_prefix(1);
    } else {
        if (in.find(',') == std::string_view::npos) return bad_message(malformed);
        const std::string_view name = TRY(take_attribute(in, 'a'));
        const std::string unescaped = TRY(unescape_name(name));
        first.authorization = TRY(prepare_login(unescaped));
    }
    first.gs2_header = message.substr(0, message.size() - in.size());
    first.bare = in;
    // A mandatory extension ("m=") is refused here, as RFC 5802 §5.1 asks: we know none.
    const std::string_view name = TRY(take_attribute(in, 'n'));
    const std::string unescaped = TRY(unescape_name(name));
    first.login = TRY(prepare_login(unescaped));
    first.nonce = TRY(take_attribute(in, 'r'));
    if (!is_nonce(first.nonce)) return bad_message(malformed);
    return first;
}

Result<ServerFirst> parse_server_first(std::string_view message) {
    if (message.size() > limits::message_octets)
        return bad_message("The SCRAM message is too long");
    ServerFirst first;
    first.nonce = TRY(take_attribute(message, 'r'));
    const std::string_view salt = TRY(take_attribute(message, 's'));
    first.salt = TRY(decode(salt));
    const std::string_view iterations = TRY(take_attribute(message, 'i'));
    const auto count = text::parse_u64(iterations);
    if (!is_nonce(first.nonce) || first.salt.empty() || first.salt.size() > limits::salt_octets ||
        !count || *count < limits::iterations_min || *count > limits::iterations_max)
        return bad_message(malformed);
    first.iterations = static_cast<std::uint32_t>(*count);
    return first;
}

std::string text_of(const ServerFirst& message) {
    return "r=" + message.nonce + ",s=" + text::base64(message.salt) +
           ",i=" + std::to_string(message.iterations);
}

Result<ClientFinal> parse_client_final(std::string_view message) {
    if (message.size() > limits::message_octets)
        return bad_message("The SCRAM message is too long");
    ClientFinal final;
    // The proof is the last attribute; base64 has no comma.
    const std::size_t comma = message.rfind(',');
    if (comma == std::string_view::npos) return bad_message(malformed);
    final.without_proof = message.substr(0, comma);
    std::string_view proof = message.substr(comma + 1), in = message.substr(0, comma);
    const std::string_view proof_text = TRY(take_attribute(proof, 'p'));
    final.proof = TRY(decode(proof_text));
    const std::string_view binding = TRY(take_attribute(in, 'c'));
    final.binding = TRY(decode(binding));
    final.nonce = TRY(take_attribute(in, 'r'));
    if (final.proof.size() != 32) return bad_message(malformed);
    return final;
}

std::string escape_name(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == '=')
            out += "=3D";
        else if (c == ',')
            out += "=2C";
        else
            out += c;
    }
    return out;
}

}  // namespace pidge::sasl
