#include "system/dns/testing/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/text.h"
#include "system/dns/name.h"
#include "system/dns/testing/rdata.h"

namespace pidge::dns::testing {

namespace {

constexpr auto rrsig = static_cast<Type>(46);
constexpr std::size_t udp_octets_max = 1232;

struct Record {
    std::string owner;
    Type type;
    Bytes rdata;
    std::uint32_t ttl_s;
};

int open_socket(int kind, std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        (kind == SOCK_DGRAM || ::listen(descriptor, 16) == 0))
        return descriptor;
    ::close(descriptor);
    return -1;
}

std::uint16_t port_of(int descriptor) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
}

std::uint16_t number(ByteView octets, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(octets[at]) << 8 |
                                      static_cast<unsigned char>(octets[at + 1]));
}

bool read_all(int descriptor, char* into, std::size_t size) {
    return ::recv(descriptor, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

}  // namespace

std::optional<Question> read_question(ByteView query) {
    if (query.size() < 12 || number(query, 4) != 1) return std::nullopt;
    ByteView rest = query.substr(12);
    std::string name;
    while (!rest.empty() && rest.front() != '\0') {
        const std::size_t length = static_cast<unsigned char>(rest.front());
        if (length > 63 || rest.size() <= length) return std::nullopt;
        name += (name.empty() ? "" : ".") + text::to_lower(rest.substr(1, length));
        rest.remove_prefix(1 + length);
    }
    if (rest.size() < 5) return std::nullopt;
    rest.remove_prefix(1);
    Question question{
        .id = number(query, 0), .name = name, .type = static_cast<Type>(number(rest, 0))};
    rest.remove_prefix(4);
    question.octets = query.substr(12, query.size() - 12 - rest.size());
    // RFC 6891 §6.1.2: an OPT record (root, type 41, size, extended code, version, then the flags
    // with DO in front).
    if (rest.size() >= 11 && rest[0] == 0 && number(rest, 1) == 41)
        question.wants_dnssec = (static_cast<unsigned char>(rest[7]) & 0x80) != 0;
    return question;
}

Bytes answer_header(const Question& question, std::uint8_t rcode, std::uint16_t answers,
                    std::uint16_t authorities, bool truncated) {
    // QR, AA, RD and RA; it plays resolver and authority at once.
    const auto flags = static_cast<std::uint16_t>(0x8580 | (truncated ? 0x0200 : 0) | rcode);
    return u16(question.id) + u16(flags) + u16(1) + u16(answers) + u16(authorities) +
           u16(question.wants_dnssec ? 1 : 0);
}

Bytes record(std::string_view owner, Type type, ByteView rdata, std::uint32_t ttl_s) {
    return name_rdata(owner) + u16(static_cast<std::uint16_t>(type)) + u16(1) + u32(ttl_s) +
           u16(static_cast<std::uint16_t>(rdata.size())) + Bytes(rdata);
}

struct TestServer::Inside {
    std::mutex mutex;
    std::map<std::string, std::vector<Record>> zone, denials;
    std::map<std::string, Trouble> troubles;
    std::map<std::string, Answerer> answerers;
    std::map<std::pair<std::string, Type>, std::size_t> asked;
    int udp = -1, tcp = -1, stop = -1;
    std::thread thread;

    void open() {
        // The two must have one port; another process may hold the second of a pair, so a few are
        // tried.
        for (int attempt = 0; attempt < 50 && tcp < 0; ++attempt) {
            if (udp >= 0) ::close(udp);
            udp = open_socket(SOCK_DGRAM, 0);
            tcp = open_socket(SOCK_STREAM, port_of(udp));
        }
        check(udp >= 0 && tcp >= 0, "no free port");
        stop = eventfd(0, EFD_CLOEXEC);
    }

    Bytes opt(const Question& question) const {
        if (!question.wants_dnssec) return {};
        return Bytes(1, '\0') + u16(41) + u16(udp_octets_max) + u32(0x8000) + u16(0);
    }

    void collect(const Question& question, std::vector<Record>& answers, std::uint8_t& rcode) {
        std::string name = question.name;
        for (int step = 0; step < 12; ++step) {
            const auto node = zone.find(name);
            if (node == zone.end()) {
                const std::string below = "." + name;
                const bool is_between = std::ranges::any_of(
                    zone, [&](const auto& one) { return one.first.ends_with(below); });
                rcode = is_between || name.empty() ? 0 : 3;
                return;
            }
            std::string alias;
            for (const Record& one : node->second) {
                const bool is_asked = one.type == question.type || one.type == Type::cname;
                const bool covers =
                    one.type == rrsig && question.wants_dnssec &&
                    (number(one.rdata, 0) == static_cast<std::uint16_t>(question.type) ||
                     number(one.rdata, 0) == static_cast<std::uint16_t>(Type::cname));
                if (is_asked || covers) answers.push_back(one);
                if (one.type == Type::cname && question.type != Type::cname)
                    alias = read_name(one.rdata).value_or("");
            }
            if (alias.empty()) return;
            name = alias;
        }
    }

    Bytes regular(const Question& question, Transport transport) {
        std::vector<Record> answers, authorities;
        std::uint8_t rcode = 0;
        collect(question, answers, rcode);
        if (answers.empty()) {
            if (const auto denial = denials.find(question.name); denial != denials.end())
                authorities = denial->second;
            else
                authorities = {{"", Type::soa,
                                name_rdata("ns.test") + name_rdata("root.test") + u32(1) + u32(60) +
                                    u32(60) + u32(60) + u32(60),
                                60}};
        }
        Bytes body;
        for (const auto* section : {&answers, &authorities})
            for (const Record& one : *section)
                body += testing::record(one.owner, one.type, one.rdata, one.ttl_s);
        const bool truncated = transport == Transport::udp &&
                               12 + question.octets.size() + body.size() > udp_octets_max;
        if (truncated)
            return answer_header(question, rcode, 0, 0, true) + question.octets + opt(question);
        return answer_header(question, rcode, static_cast<std::uint16_t>(answers.size()),
                             static_cast<std::uint16_t>(authorities.size())) +
               question.octets + body + opt(question);
    }

    std::optional<Bytes> answer(ByteView query, Transport transport) {
        const auto question = read_question(query);
        if (!question) return std::nullopt;
        const std::lock_guard lock(mutex);
        ++asked[{question->name, question->type}];
        if (const auto own = answerers.find(question->name); own != answerers.end())
            return own->second(query, transport);
        const auto trouble = troubles.find(question->name);
        if (trouble == troubles.end()) return regular(*question, transport);
        switch (trouble->second) {
            case Trouble::silence:
                return std::nullopt;
            case Trouble::server_failure:
                return answer_header(*question, 2, 0) + question->octets + opt(*question);
            case Trouble::refused:
                return answer_header(*question, 5, 0) + question->octets + opt(*question);
            case Trouble::truncated:
                if (transport == Transport::tcp) return regular(*question, transport);
                return answer_header(*question, 0, 0, 0, true) + question->octets + opt(*question);
            case Trouble::cut_off: {
                Bytes whole = regular(*question, transport);
                whole.resize(whole.size() - whole.size() / 4);
                return whole;
            }
        }
        return std::nullopt;
    }

    void serve_udp() {
        char buffer[4096];
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        const ssize_t size =
            ::recvfrom(udp, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &length);
        if (size <= 0) return;
        if (const auto reply = answer({buffer, static_cast<std::size_t>(size)}, Transport::udp))
            ::sendto(udp, reply->data(), reply->size(), 0, reinterpret_cast<sockaddr*>(&peer),
                     length);
    }

    // One question for each connection, which is enough for libunbound.
    void serve_tcp() {
        const int connection = ::accept4(tcp, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) return;
        const timeval patience{.tv_sec = 2, .tv_usec = 0};
        ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        char buffer[65536];
        if (read_all(connection, buffer, 2)) {
            const std::size_t size = number({buffer, 2}, 0);
            if (read_all(connection, buffer, size))
                if (auto reply = answer({buffer, size}, Transport::tcp)) {
                    const Bytes framed = u16(static_cast<std::uint16_t>(reply->size())) + *reply;
                    static_cast<void>(
                        !::send(connection, framed.data(), framed.size(), MSG_NOSIGNAL));
                }
        }
        ::close(connection);
    }

    void run() {
        for (;;) {
            pollfd descriptors[3] = {{stop, POLLIN, 0}, {udp, POLLIN, 0}, {tcp, POLLIN, 0}};
            ::poll(descriptors, 3, -1);
            if (descriptors[0].revents) return;
            if (descriptors[1].revents) serve_udp();
            if (descriptors[2].revents) serve_tcp();
        }
    }
};

TestServer::TestServer() : inside_(std::make_unique<Inside>()) {
    inside_->open();
    inside_->thread = std::thread([inside = inside_.get()] { inside->run(); });
}

TestServer::~TestServer() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(inside_->stop, &one, sizeof one));
    inside_->thread.join();
    for (const int descriptor : {inside_->udp, inside_->tcp, inside_->stop}) ::close(descriptor);
}

net::Endpoint TestServer::endpoint() const {
    return {net::Address::v4({127, 0, 0, 1}), port_of(inside_->udp)};
}

TestServer& TestServer::add(const std::string& name, Type type, Bytes rdata, std::uint32_t ttl_s) {
    const std::lock_guard lock(inside_->mutex);
    inside_->zone[name].push_back({name, type, std::move(rdata), ttl_s});
    return *this;
}

TestServer& TestServer::add_denial(const std::string& name, const std::string& owner, Type type,
                                   Bytes rdata) {
    const std::lock_guard lock(inside_->mutex);
    inside_->denials[name].push_back({owner, type, std::move(rdata), 60});
    return *this;
}

TestServer& TestServer::trouble(const std::string& name, Trouble trouble) {
    const std::lock_guard lock(inside_->mutex);
    inside_->troubles[name] = trouble;
    return *this;
}

TestServer& TestServer::answer_with(const std::string& name, Answerer answerer) {
    const std::lock_guard lock(inside_->mutex);
    inside_->answerers[name] = std::move(answerer);
    return *this;
}

std::size_t TestServer::questions(const std::string& name, Type type) const {
    const std::lock_guard lock(inside_->mutex);
    const auto found = inside_->asked.find({name, type});
    return found == inside_->asked.end() ? 0 : found->second;
}

}  // namespace pidge::dns::testing
