#include "system/dns/unbound.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "base/check.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"
#include "system/dns/name.h"

namespace pidge::dns {

namespace {

metrics::Counter lookups{"pidge_dns_lookups_total", "Questions put to the DNS resolver."};
metrics::Counter failures{"pidge_dns_lookups_failed_total",
                          "Questions without an answer: time-out, SERVFAIL, failed validation."};
metrics::Gauge waiting{"pidge_dns_lookups_waiting", "Questions that wait for their answer."};

struct DeleteContext {
    void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, DeleteContext>;
struct FreeResult {
    void operator()(ub_result* result) const { ub_resolve_free(result); }
};
using ResultHandle = std::unique_ptr<ub_result, FreeResult>;

RawAnswer temporary(std::string why) {
    return {.outcome = Outcome::temporary, .text = std::move(why)};
}

// A name as libunbound tells it ("mx.example.org."), in our form; empty when it is none of a host.
std::string plain_name(const char* name) {
    if (!name) return {};
    std::string plain = text::to_lower(name);
    if (plain.ends_with('.')) plain.pop_back();
    return text::printable(plain, name_octets_max);
}

RawAnswer answer_of(const ub_result& result) {
    if (result.bogus)
        return temporary(
            "DNSSEC validation failed: " +
            text::printable(result.why_bogus ? result.why_bogus : "no reason given", 300));
    constexpr int no_error = 0, name_error = 3;  // RFC 1035 §4.1.1
    if (result.rcode != no_error && result.rcode != name_error)
        return temporary(result.rcode == 2
                             ? "the name servers cannot be reached or cannot answer (SERVFAIL)"
                             : fmt::format("the name server answered with code {}", result.rcode));

    RawAnswer answer{.secure = result.secure != 0,
                     .ttl_s = static_cast<std::uint32_t>(std::max(result.ttl, 0))};
    if (const std::string canonical = plain_name(result.canonname);
        canonical != plain_name(result.qname))
        answer.canonical_name = canonical;
    if (!result.havedata) {
        answer.outcome = result.nxdomain ? Outcome::no_name : Outcome::no_data;
        return answer;
    }
    answer.outcome = Outcome::found;
    for (int i = 0; result.data[i] && answer.records.size() < records_max; ++i)
        answer.records.emplace_back(result.data[i],
                                    static_cast<std::size_t>(std::max(result.len[i], 0)));
    if (answer.records.empty()) answer.outcome = Outcome::no_data;
    return answer;
}

// An event descriptor that another thread can wake a poll() with.
class Waker {
 public:
    Waker() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        check(descriptor_ >= 0, "eventfd");
    }
    ~Waker() { ::close(descriptor_); }
    Waker(const Waker&) = delete;
    int descriptor() const { return descriptor_; }
    void wake() {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(descriptor_, &one, sizeof one));  // full means: awake already
    }
    void clear() {
        std::uint64_t count;
        static_cast<void>(!::read(descriptor_, &count, sizeof count));
    }

 private:
    int descriptor_;
};

// Look-ups are known by tickets, never by pointers: libunbound may call back at any moment around a
// cancellation, and a ticket that is gone is simply not found.
class UnboundResolver final : public Resolver {
 public:
    UnboundResolver(Context context, UnboundOptions options)
        : context_(std::move(context)),
          options_(std::move(options)),
          watcher_([this] { watch(); }) {
        // libunbound makes its thread and its event loop at the first question, and ends the
        // process when there are no descriptors for them [C13]. This one it answers by itself (RFC
        // 6761 §6.3), for a ticket that nobody waits for.
        int id = 0;
        (void)ub_resolve_async(context_.get(), "localhost.", static_cast<int>(Type::a), 1 /* IN */,
                               user_data(0), &UnboundResolver::called_back, &id);
    }

    ~UnboundResolver() override {
        stopping_ = true;
        waker_.wake();
        watcher_.join();
        context_.reset();  // calls nobody back any more
        std::unordered_map<std::uint64_t, Lookup> left;
        {
            const std::lock_guard lock(mutex_);
            left.swap(lookups_);
        }
        for (auto& [ticket, lookup] : left)
            finish(std::move(lookup.done), temporary("the server is shutting down"));
    }

    void begin(std::string name, Type type, Done done) override {
        lookups.add();
        waiting.add(1);
        const auto question = master_file_name(name);
        // What cannot be written as a name does not exist either.
        if (!question) return finish(std::move(done), {.outcome = Outcome::no_name});

        const SteadyTime deadline = system_clock().steady() + options_.deadline;
        std::uint64_t ticket = 0;
        bool is_first = false;
        {
            const std::lock_guard lock(mutex_);
            if (lookups_.size() < options_.outstanding) {
                ticket = next_ticket_++;
                is_first = deadlines_.empty();
                lookups_.emplace(ticket, Lookup{std::move(done), deadline});
                deadlines_.emplace(deadline, ticket);
            }
        }
        if (ticket == 0)
            return finish(std::move(done), temporary("too many DNS questions wait for an answer"));
        if (is_first) waker_.wake();  // the watcher sleeps without a deadline

        int id = 0;
        const int error =
            ub_resolve_async(context_.get(), question->c_str(), static_cast<int>(type), 1 /* IN */,
                             user_data(ticket), &UnboundResolver::called_back, &id);
        if (error != 0) return complete(ticket, temporary(ub_strerror(error)));
        const std::lock_guard lock(mutex_);
        if (const auto found = lookups_.find(ticket); found != lookups_.end())
            found->second.id = id;
    }

 private:
    struct Lookup {
        Done done;
        SteadyTime deadline;
        int id = -1;  // of libunbound, once known
    };

    void* user_data(std::uint64_t ticket) const {
        static_assert(sizeof(void*) >= sizeof ticket);
        return reinterpret_cast<void*>(ticket);  // NOLINT: a number on its way through a C callback
    }
    // libunbound's callback has room for the ticket only; it comes from ub_process(), so on the
    // watcher's thread.
    static thread_local UnboundResolver* processing_;
    static void called_back(void* data, int error, ub_result* result) {
        const ResultHandle owned(result);
        processing_->complete(
            reinterpret_cast<std::uint64_t>(data),
            error != 0 || !result ? temporary(ub_strerror(error)) : answer_of(*result));
    }

    static void finish(Done done, RawAnswer answer) {
        waiting.add(-1);
        if (answer.is_temporary()) failures.add();
        done(std::move(answer));
    }

    // Does nothing when the look-up has ended before.
    void complete(std::uint64_t ticket, RawAnswer answer) {
        std::optional<Lookup> lookup = take(ticket);
        if (lookup) finish(std::move(lookup->done), std::move(answer));
    }

    std::optional<Lookup> take(std::uint64_t ticket) {
        const std::lock_guard lock(mutex_);
        const auto found = lookups_.find(ticket);
        if (found == lookups_.end()) return std::nullopt;
        Lookup lookup = std::move(found->second);
        lookups_.erase(found);
        deadlines_.erase({lookup.deadline, ticket});
        return lookup;
    }

    // Ends what is over its deadline; tells for how long poll() may sleep (-1: until woken).
    int expire() {
        for (;;) {
            std::uint64_t ticket;
            {
                const std::lock_guard lock(mutex_);
                if (deadlines_.empty()) return -1;
                const auto [deadline, first] = *deadlines_.begin();
                const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                    deadline - system_clock().steady());
                if (left.count() > 0)
                    return static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
                ticket = first;
            }
            std::optional<Lookup> lookup = take(ticket);
            if (!lookup) continue;
            if (lookup->id >= 0) ub_cancel(context_.get(), lookup->id);
            finish(std::move(lookup->done), temporary("no name server answered in time"));
        }
    }

    void watch() {
        processing_ = this;
        while (!stopping_) {
            const int timeout_ms = expire();
            pollfd descriptors[2] = {{waker_.descriptor(), POLLIN, 0},
                                     {ub_fd(context_.get()), POLLIN, 0}};
            ::poll(descriptors, 2, timeout_ms);
            if (descriptors[0].revents) waker_.clear();
            if (descriptors[1].revents) ub_process(context_.get());
        }
    }

    Context context_;
    const UnboundOptions options_;
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, Lookup> lookups_;
    std::set<std::pair<SteadyTime, std::uint64_t>> deadlines_;
    std::uint64_t next_ticket_ = 1;
    std::atomic<bool> stopping_ = false;
    Waker waker_;
    std::thread watcher_;  // last: it uses all of the above
};

thread_local UnboundResolver* UnboundResolver::processing_ = nullptr;

// Sets options one after the other and keeps the first error.
class Setup {
 public:
    explicit Setup(ub_ctx* context) : context_(context) {}

    void option(const char* name, const std::string& value) {
        note(ub_ctx_set_option(context_, name, value.c_str()), fmt::format("{} {}", name, value));
    }
    void note(int error, const std::string& what) {
        if (error != 0 && problem_.empty())
            problem_ = fmt::format("{} is not accepted: {}", text::printable(what, 200),
                                   ub_strerror(error));
    }
    const std::string& problem() const { return problem_; }

 private:
    ub_ctx* context_;
    std::string problem_;
};

// libunbound's own messages, one stream for all contexts of the process: caught while a resolver is
// made, for they name the option that is wrong, and silent from then on, for every failed look-up
// tells its reason in its answer.
class Log {
 public:
    explicit Log(ub_ctx* context)
        : lock_(one_at_a_time()), context_(context), stream_(open_memstream(&text_, &size_)) {
        check(stream_ != nullptr, "open_memstream");
        ub_ctx_debugout(context_, stream_);
    }
    ~Log() {
        ub_ctx_debugout(context_, nullptr);
        std::fclose(stream_);
        std::free(text_);  // NOLINT: made by open_memstream
    }
    Log(const Log&) = delete;

    // " (error parsing trust anchor ...)"; empty when there was none.
    std::string first_error() const {
        std::fflush(stream_);
        const std::string_view all(text_, size_);
        constexpr std::string_view mark = "error: ";
        const std::size_t at = all.find(mark);
        if (at == std::string_view::npos) return {};
        const std::string_view rest = all.substr(at + mark.size());
        return fmt::format(" ({})", text::printable(rest.substr(0, rest.find('\n')), 300));
    }

 private:
    static std::unique_lock<std::mutex> one_at_a_time() {
        static std::mutex mutex;
        return std::unique_lock(mutex);
    }
    std::unique_lock<std::mutex> lock_;
    ub_ctx* context_;
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* stream_;
};

std::string at_form(const net::Endpoint& endpoint) {
    return fmt::format("{}@{}", endpoint.address.text(), endpoint.port);
}

void set_behaviour(Setup& setup, const UnboundOptions& options) {
    // A site may run its servers on this machine.
    setup.option("do-not-query-localhost:", "no");
    // Private addresses have names, and mail, at home.
    setup.option("unblock-lan-zones:", "yes");
    setup.option("insecure-lan-zones:", "yes");
    // Fragments of UDP can be forged; RFC 9715 asks for no more than 1400 octets, the 2020 flag day
    // for 1232.
    setup.option("edns-buffer-size:", "1232");
    // The library's own defaults suit a single user.
    setup.option("outgoing-range:", "256");
    setup.option("num-queries-per-thread:", "1024");
    setup.option("outgoing-num-tcp:", "32");
    setup.option("msg-cache-size:", std::to_string(options.cache_bytes / 3));
    setup.option("rrset-cache-size:",
                 std::to_string(options.cache_bytes - options.cache_bytes / 3));
    setup.option("harden-dnssec-stripped:", "yes");
    setup.option("val-clean-additional:", "yes");
    if (options.validation == Validation::off) setup.option("module-config:", "iterator");
    if (!options.root_hints_file.empty()) {
        // libunbound would read it only when it is first needed.
        if (::access(options.root_hints_file.c_str(), R_OK) != 0)
            setup.note(UB_READFILE, options.root_hints_file);
        setup.option("root-hints:", options.root_hints_file);
    }
    for (const std::string& zone : options.insecure_zones) setup.option("domain-insecure:", zone);
}

void set_servers(Setup& setup, ub_ctx* context, const UnboundOptions& options) {
    for (const net::Endpoint& server : options.forward_to)
        setup.note(ub_ctx_set_fwd(context, at_form(server).c_str()),
                   "forwarding to " + server.text());
    for (const StubZone& zone : options.stub_zones)
        for (const net::Endpoint& server : zone.servers)
            setup.note(ub_ctx_set_stub(context, zone.name.c_str(), at_form(server).c_str(), 0),
                       "the zone " + zone.name);
}

void set_anchors(Setup& setup, ub_ctx* context, const UnboundOptions& options) {
    for (const std::string& anchor : options.trust_anchors)
        setup.note(ub_ctx_add_ta(context, anchor.c_str()), "the trust anchor " + anchor);
    if (!options.trust_anchor_file.empty())
        setup.note(ub_ctx_add_ta_file(context, options.trust_anchor_file.c_str()),
                   "the trust anchor file " + options.trust_anchor_file);
}

}  // namespace

Result<std::unique_ptr<Resolver>> make_unbound_resolver(UnboundOptions options) {
    Context context(ub_ctx_create());
    check(context != nullptr, "out of memory for libunbound");
    const Log log(context.get());
    Setup setup(context.get());
    set_behaviour(setup, options);
    set_servers(setup, context.get(), options);
    if (options.validation == Validation::on) set_anchors(setup, context.get(), options);
    setup.note(ub_ctx_async(context.get(), 1), "a thread");
    // Settles the options, which would else happen at the first question. RFC 6761 keeps "test."
    // from resolving anywhere; sites that try the server out do use it.
    if (setup.problem().empty())
        setup.note(ub_ctx_zone_remove(context.get(), "test."), "this set of options");
    if (!setup.problem().empty())
        return Refusal{.kind = Refusal::Kind::unsupported,
                       .text = fmt::format("DNS: {}{}", setup.problem(), log.first_error())};
    return std::make_unique<UnboundResolver>(std::move(context), std::move(options));
}

}  // namespace pidge::dns
