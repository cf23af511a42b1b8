#include "system/store/postgres/postgres_hints.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "system/store/postgres/limits.h"

namespace pidge::store::postgres {

namespace {

constexpr log::Event hints_lost{
    "store-hints-lost", log::Level::warning,
    "The connection that carries hints between nodes broke; changes of other nodes may be seen "
    "later than usual.",
    ""};

const Statement notify{"notify",
                       "SELECT pg_notify('pidge', payload) FROM (SELECT convert_from(each, "
                       "'UTF8') AS payload FROM unnest($1::bytea[]) AS each) AS payloads"};
const Statement start_listening{"listen", "LISTEN pidge"};
const Statement look{"look", "SELECT 1"};

// A payload is the sender's name and subjects as hexadecimal digits, with spaces between.
std::vector<std::string> payloads_of(const std::string& name, const std::set<Bytes>& subjects) {
    std::vector<std::string> payloads;
    for (const Bytes& subject : subjects) {
        const std::string digits = subject.empty() ? "-" : text::hex(subject);
        const bool is_full = payloads.empty() || payloads.back().size() + 1 + digits.size() >
                                                     postgres_limits::notification_octets_max;
        if (is_full) payloads.push_back(name);
        payloads.back() += " " + digits;
    }
    return payloads;
}

}  // namespace

PostgresHints::PostgresHints(PostgresOptions options)
    : options_(std::move(options)), name_(fmt::format("{:016x}", random_u64())) {
    sender_ = std::thread([this] { run_sender(); });
}

PostgresHints::~PostgresHints() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        if (listening_) listening_->interrupt();
    }
    wake_.notify_all();
    sender_.join();
    if (hearer_.joinable()) hearer_.join();
}

void PostgresHints::send(const Bytes& subject) {
    {
        const std::lock_guard lock(mutex_);
        const bool is_too_much = waiting_.size() >= postgres_limits::hints_waiting_max ||
                                 subject.size() * 2 + 32 > postgres_limits::notification_octets_max;
        waiting_.insert(is_too_much ? Bytes() : subject);
    }
    wake_.notify_all();
}

void PostgresHints::listen(std::function<void(const Bytes& subject)> listener) {
    listener_ = std::move(listener);
    hearer_ = std::thread([this] { run_listener(); });
    // What is hinted from now on is to be heard.
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, options_.deadline, [this] { return listening_ != nullptr; });
}

bool PostgresHints::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [this] { return is_stopping_; });
}

void PostgresHints::run_sender() {
    ::pthread_setname_np(::pthread_self(), "store-hints");
    for (;;) {
        std::set<Bytes> subjects;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            subjects = std::exchange(waiting_, {});
        }
        try {
            send_all(subjects);
        } catch (const std::exception& error) {
            sending_.reset();
            log::write(hints_lost, {{"reason", error.what()}});
        }
        // What comes in the meantime goes together.
        if (!pause(postgres_limits::hint_pause)) continue;
    }
}

void PostgresHints::send_all(const std::set<Bytes>& subjects) {
    const std::vector<std::string> payloads = payloads_of(name_, subjects);
    const std::vector<std::string_view> views(payloads.begin(), payloads.end());
    const auto deadline = [this] { return std::chrono::steady_clock::now() + options_.deadline; };
    if (sending_) {
        try {
            sending_->ask(notify, Parameters().octets_list(views), deadline());
            return;
        } catch (const Lost&) {
            sending_.reset();  // once more on a new one
        }
    }
    sending_ = std::make_unique<Connection>(options_, Durable::later);
    sending_->ask(notify, Parameters().octets_list(views), deadline());
}

void PostgresHints::hear(const std::string& payload) {
    const auto words = text::split(payload, ' ');
    if (words.empty() || words.front() == name_) return;
    for (const std::string_view word : words) {
        if (word.data() == words.front().data()) continue;
        if (const auto subject = word == "-" ? std::optional(std::string()) : text::from_hex(word))
            listener_(*subject);
    }
}

void PostgresHints::run_listener() {
    ::pthread_setname_np(::pthread_self(), "store-listen");
    using std::chrono::steady_clock;
    bool is_first = true;
    for (;;) {
        try {
            Connection connection(options_, Durable::later);
            connection.ask(start_listening, {}, steady_clock::now() + options_.deadline);
            {
                const std::lock_guard lock(mutex_);
                if (is_stopping_) return;
                listening_ = &connection;
            }
            wake_.notify_all();
            struct Leave {
                PostgresHints& hints;
                ~Leave() {
                    const std::lock_guard lock(hints.mutex_);
                    hints.listening_ = nullptr;
                }
            } const leave{*this};
            if (!std::exchange(is_first, false)) listener_({});
            for (auto last = steady_clock::now();;) {
                const auto heard =
                    connection.notifications(steady_clock::now() + postgres_limits::listen_look);
                {
                    const std::lock_guard lock(mutex_);
                    if (is_stopping_) return;
                }
                for (const auto& one : heard) hear(one.payload);
                if (!heard.empty()) {
                    last = steady_clock::now();
                    continue;
                }
                // A frozen server says nothing either: it must answer.
                connection.ask(look, {}, steady_clock::now() + options_.deadline);
                if (steady_clock::now() - last < postgres_limits::hint_poll) continue;
                listener_({});
                last = steady_clock::now();
            }
        } catch (const std::exception& error) {
            log::write(hints_lost, {{"reason", error.what()}});
        }
        if (!pause(postgres_limits::reconnect_pause_longest)) return;
    }
}

}  // namespace pidge::store::postgres
