#include "program/config/value.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "formats/address/domain.h"
#include "program/config/quantity.h"
#include "program/config/suggest.h"

namespace pidge::config {
namespace {

constexpr std::size_t list_items_max = 1000;
constexpr std::size_t text_octets_max = 4096;  // PATH_MAX
constexpr std::size_t label_octets_max = 32;

// A fully qualified host name in normal form: it is spoken before anybody can offer SMTPUTF8.
Result<std::string> normal_hostname(std::string_view name) {
    const auto no = [](std::string text) {
        return Refusal{.kind = Refusal::Kind::syntax, .text = std::move(text)};
    };
    if (net::Address::parse(name) || name.starts_with('['))
        return no(fmt::format("{} is an address; a host name is needed (RFC 5321 §2.3.5).", name));
    if (name.ends_with('.')) return no(fmt::format("\"{}\" ends with a dot; leave it out.", name));
    auto normal = address::normal_domain(name);
    if (!normal) return no(fmt::format("\"{}\" is no host name.", name));
    if (normal->find('.') == std::string::npos)
        return no(fmt::format("\"{}\" is not fully qualified: others could not look it up.", name));
    if (*normal == "localhost.localdomain" || normal->ends_with(".localhost"))
        return no(fmt::format("\"{}\" names every machine, so it names none.", name));
    return normal;
}

class Value {
 public:
    Value(const Option& option, const Node& node, const std::string& folder)
        : option_(option), node_(node), folder_(folder) {}

    std::optional<Wrong> into(Slot slot) {
        std::visit([this](auto target) { take(target); }, slot);
        return std::move(wrong_);
    }

 private:
    void fail(const Node& at, std::string wrong, std::string instead = {}) {
        if (wrong_) return;
        if (instead.empty())
            instead = fmt::format("Write for example: {} = {}", option_.name, option_.example);
        wrong_ = Wrong{at.at, std::move(wrong), std::move(instead)};
    }

    bool expect(const Node& node, Node::Kind kind) {
        if (node.kind == kind) return true;
        const std::string_view wanted = type_text(option_.type);
        std::string instead;
        if (kind == Node::Kind::list && node.kind == Node::Kind::text)
            instead = fmt::format("Write a list: {} = [\"{}\"]", option_.name, node.text);
        if (kind == Node::Kind::flag && node.kind == Node::Kind::text)
            instead = fmt::format("Write without quotes: {} = true or {} = false", option_.name,
                                  option_.name);
        if (kind == Node::Kind::whole && text::parse_u64(node.text))
            instead = fmt::format("Write without quotes: {} = {}", option_.name, node.text);
        fail(node,
             fmt::format("expected {}, but this is {}.", wanted.substr(0, wanted.find(';')),
                         kind_name(node.kind)),
             std::move(instead));
        return false;
    }

    bool is_one_line(const Node& node) {
        if (node.text.empty()) {
            fail(node, "this is empty.");
            return false;
        }
        if (node.text.size() > text_octets_max) {
            fail(node, fmt::format("this is longer than {} octets.", text_octets_max));
            return false;
        }
        for (const char c : node.text)
            if (text::is_control(c)) {
                fail(node, "this holds a control character or more than one line.");
                return false;
            }
        return true;
    }

    void take(std::string* target) {
        if (!expect(node_, Node::Kind::text) || !is_one_line(node_)) return;
        switch (option_.type) {
            case Type::hostname:
                return take_hostname(target);
            case Type::label:
                return take_label(target);
            case Type::path:
                *target = absolute(node_.text);
                return;
            case Type::secret:
                return take_secret(target);
            default:
                *target = node_.text;
                return;
        }
    }

    void take_hostname(std::string* target) {
        auto name = normal_hostname(node_.text);
        if (!name) return fail(node_, name.error().text);
        *target = *std::move(name);
    }

    bool is_label(std::string_view word) {
        return !word.empty() && word.size() <= label_octets_max &&
               std::ranges::all_of(word, [](char c) {
                   return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_';
               });
    }

    void take_label(std::string* target) {
        if (!is_label(node_.text))
            return fail(node_, fmt::format("\"{}\" is no name: letters, digits, \"-\" and \"_\" "
                                           "only, at most {}.",
                                           node_.text, label_octets_max));
        *target = node_.text;
    }

    std::string absolute(const std::string& path) const {
        const std::filesystem::path written(path);
        return (written.is_absolute() ? written : std::filesystem::path(folder_) / written)
            .lexically_normal();
    }

    void take_secret(std::string* target) {
        constexpr std::string_view mark = "credential:";
        if (node_.text.find("-----BEGIN") != std::string::npos)
            return fail(node_, "this is the secret itself, which must not stand in this file.");
        if (!node_.text.starts_with(mark)) {
            *target = absolute(node_.text);
            return;
        }
        const std::string name = node_.text.substr(mark.size());
        if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
            return fail(node_, fmt::format("\"{}\" is no name of a credential.", name));
        const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
        if (folder == nullptr)
            return fail(node_, "systemd has handed over no credentials to this process.",
                        fmt::format("Add LoadCredential={}:/path/to/file to pidge.service, or "
                                    "write the path here.",
                                    name));
        *target = std::string(folder) + "/" + name;
    }

    void take(bool* target) {
        if (expect(node_, Node::Kind::flag)) *target = node_.flag;
    }

    void take(Choice target) {
        if (!expect(node_, Node::Kind::text)) return;
        for (std::size_t i = 0; i < option_.choices.size(); ++i)
            if (option_.choices[i] == node_.text) {
                *target.value = static_cast<std::uint8_t>(i);
                return;
            }
        const std::string_view meant = closest(node_.text, option_.choices);
        std::string all;
        for (const std::string_view word : option_.choices)
            all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", word);
        fail(node_, fmt::format("\"{}\" is none of {}.", node_.text, all),
             fmt::format("{}: {} = \"{}\"", meant.empty() ? "Write for example" : "Write",
                         option_.name, meant.empty() ? option_.choices.front() : meant));
    }

    void take(std::uint64_t* target) {
        if (option_.type == Type::size) return take_size(target);
        if (option_.type == Type::mode) return take_mode(target);
        if (!expect(node_, Node::Kind::whole)) return;
        const auto number = static_cast<std::uint64_t>(node_.whole);
        const bool fits = node_.whole >= 0 && number >= option_.least && number <= option_.most;
        if (!fits)
            return fail(node_, fmt::format("{} is not between {} and {}.", node_.whole,
                                           option_.least, option_.most));
        *target = number;
    }

    void take_size(std::uint64_t* target) {
        if (node_.kind == Node::Kind::whole)
            return fail(
                node_, "a size has a unit.",
                fmt::format("Write: {} = \"{} MiB\" (or B, KiB, GiB)", option_.name, node_.whole));
        if (!expect(node_, Node::Kind::text)) return;
        const auto size = parse_size(node_.text);
        if (!size) return fail(node_, fmt::format("\"{}\" is no size.", node_.text));
        if (*size < option_.least || *size > option_.most)
            return fail(node_, fmt::format("{} is not between {} and {}.", node_.text,
                                           size_text(option_.least), size_text(option_.most)));
        *target = *size;
    }

    void take(std::chrono::seconds* target) {
        if (node_.kind == Node::Kind::whole)
            return fail(
                node_, "a duration has a unit.",
                fmt::format("Write: {} = \"{} s\" (or min, h, d)", option_.name, node_.whole));
        if (!expect(node_, Node::Kind::text)) return;
        const auto duration = parse_duration(node_.text);
        if (!duration) return fail(node_, fmt::format("\"{}\" is no duration.", node_.text));
        const auto seconds = static_cast<std::uint64_t>(duration->count());
        if (seconds < option_.least || seconds > option_.most)
            return fail(node_, fmt::format("{} is not between {} and {}.", node_.text,
                                           duration_text(std::chrono::seconds(option_.least)),
                                           duration_text(std::chrono::seconds(option_.most))));
        *target = *duration;
    }

    void take_mode(std::uint64_t* target) {
        if (node_.kind == Node::Kind::whole)
            return fail(node_, "permissions are octal digits, which a number here would not be.",
                        fmt::format("Write them in quotes: {} = \"0600\"", option_.name));
        if (!expect(node_, Node::Kind::text)) return;
        const auto mode = parse_mode(node_.text);
        if (!mode) return fail(node_, fmt::format("\"{}\" are no permissions.", node_.text));
        if ((*mode & 0600) != 0600)
            return fail(node_, "with these permissions the server itself could not use it.");
        if ((*mode & 07) != 0)
            return fail(node_,
                        "with these permissions everybody on this machine could do "
                        "everything.",
                        "Write \"0600\", or \"0660\" to let the group of the server in.");
        *target = *mode;
    }

    void take(std::optional<net::Endpoint>* target) {
        if (!expect(node_, Node::Kind::text)) return;
        *target = read_endpoint(node_, std::nullopt);
    }

    std::optional<net::Endpoint> read_endpoint(const Node& node,
                                               std::optional<std::uint16_t> default_port) {
        if (const auto endpoint = net::Endpoint::parse(node.text)) {
            if (endpoint->port != 0) return endpoint;
            fail(node, "port 0 is no port.");
            return std::nullopt;
        }
        if (const auto address = net::Address::parse(node.text)) {
            if (default_port) return net::Endpoint{*address, *default_port};
            fail(node, fmt::format("\"{}\" has no port.", node.text),
                 fmt::format("Write: {} = \"{}\"", option_.name,
                             net::Endpoint{*address, 25}.text()));
            return std::nullopt;
        }
        const std::size_t colon = node.text.rfind(':');
        const bool is_port_only = colon == 0 || text::parse_u64(node.text).has_value();
        if (is_port_only)
            fail(node, fmt::format("\"{}\" has no address.", node.text),
                 fmt::format("Write: {} = \"0.0.0.0:{}\" for every IPv4 address of this machine",
                             option_.name, node.text.substr(colon == 0 ? 1 : 0)));
        else
            fail(node, fmt::format("\"{}\" is no IP address with a port (names are not looked "
                                   "up here).",
                                   node.text));
        return std::nullopt;
    }

    template <typename T, typename Read>
    void take_list(std::vector<T>* target, Read read) {
        if (!expect(node_, Node::Kind::list)) return;
        if (node_.items.size() > list_items_max)
            return fail(node_, fmt::format("more than {} entries.", list_items_max));
        target->clear();
        for (const Node& item : node_.items) {
            if (item.kind != Node::Kind::text)
                return fail(item, fmt::format("expected text in this list, but this is {}.",
                                              kind_name(item.kind)));
            const std::optional<T> value = read(item);
            if (!value) return;
            if (std::ranges::find(*target, *value) != target->end())
                return fail(item, fmt::format("\"{}\" stands here twice.", item.text),
                            "Remove one of them.");
            target->push_back(*value);
        }
    }

    void take(std::vector<net::Endpoint>* target) {
        take_list(target, [this](const Node& item) { return read_endpoint(item, 53); });
    }

    void take(std::vector<net::Address>* target) {
        take_list(target, [this](const Node& item) {
            const auto address = net::Address::parse(item.text);
            if (!address) fail(item, fmt::format("\"{}\" is no IP address.", item.text));
            return address;
        });
    }

    void take(std::vector<net::Network>* target) {
        take_list(target, [this](const Node& item) { return read_network(item); });
    }

    std::optional<net::Network> read_network(const Node& item) {
        if (const auto network = net::Network::parse(item.text)) return network;
        const std::size_t slash = item.text.find('/');
        const auto address = net::Address::parse(item.text.substr(0, slash));
        const auto length = slash == std::string::npos
                                ? std::nullopt
                                : text::parse_u64(item.text.substr(slash + 1));
        const std::uint64_t longest = address && address->is_v6() ? 128 : 32;
        if (address && length && *length <= longest)
            fail(item, fmt::format("{} has bits beyond its first {}.", item.text, *length),
                 fmt::format("Write \"{}\" for the whole network, or \"{}\" for the one address.",
                             whole_network(*address, static_cast<int>(*length)), address->text()));
        else if (address && length)
            fail(item, fmt::format("a prefix of {} is longer than the address.", *length));
        else
            fail(item, fmt::format("\"{}\" is no network.", item.text));
        return std::nullopt;
    }

    static std::string whole_network(const net::Address& address, int length) {
        std::string octets(address.octets());
        for (std::size_t i = 0; i < octets.size(); ++i) {
            const int kept = std::clamp(length - static_cast<int>(i) * 8, 0, 8);
            octets[i] =
                static_cast<char>(static_cast<unsigned char>(octets[i]) & (0xff00U >> kept));
        }
        net::Address first;
        if (address.is_v6()) {
            std::array<std::uint8_t, 16> all{};
            std::ranges::copy(octets, all.begin());
            first = net::Address::v6(all);
        } else {
            std::array<std::uint8_t, 4> all{};
            std::ranges::copy(octets, all.begin());
            first = net::Address::v4(all);
        }
        return fmt::format("{}/{}", first.text(), length);
    }

    std::optional<std::string> read_word(const Node& item) {
        if (std::ranges::find(option_.choices, item.text) != option_.choices.end())
            return item.text;
        const std::string_view meant = closest(item.text, option_.choices);
        std::string all;
        for (const std::string_view word : option_.choices)
            all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", word);
        fail(item, fmt::format("\"{}\" is none of the words {}.", item.text, all),
             meant.empty() ? std::string() : fmt::format("Write \"{}\".", meant));
        return std::nullopt;
    }

    void take(std::vector<std::string>* target) {
        if (option_.type == Type::stubs)
            return take_list(target, [this](const Node& item) { return read_stub(item); });
        if (option_.type == Type::words)
            return take_list(target, [this](const Node& item) { return read_word(item); });
        take_list(target, [this](const Node& item) -> std::optional<std::string> {
            std::string_view name = item.text;
            const bool is_wildcard = name.starts_with("*.");
            if (is_wildcard) name.remove_prefix(2);
            const auto normal = address::normal_domain(name);
            if (!normal) {
                fail(item, fmt::format("\"{}\" is no domain name.", item.text));
                return std::nullopt;
            }
            return (is_wildcard ? "*." : "") + *normal;
        });
    }

    std::optional<std::string> read_stub(const Node& item) {
        const std::size_t at = item.text.rfind('@');
        const auto endpoint =
            at == std::string::npos ? std::nullopt : net::Endpoint::parse(item.text.substr(at + 1));
        const auto domain = address::normal_domain(item.text.substr(0, at));
        if (!endpoint || !domain) {
            fail(item, fmt::format("\"{}\" is no \"domain@address:port\".", item.text));
            return std::nullopt;
        }
        return *domain + "@" + endpoint->text();
    }

    const Option& option_;
    const Node& node_;
    const std::string& folder_;
    std::optional<Wrong> wrong_;
};

}  // namespace

std::optional<Wrong> set_value(const Option& option, Slot slot, const Node& node,
                               const std::string& folder) {
    return Value(option, node, folder).into(slot);
}

}  // namespace pidge::config
