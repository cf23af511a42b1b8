#include "system/net/memory_stream.h"

#include <string>

#include "base/check.h"
#include "system/net/deadline.h"
#include "system/net/gone.h"
#include "system/net/wait.h"

namespace pidge::net {

namespace {

// One direction. Both ends hold it.
struct Pipe {
    explicit Pipe(std::size_t most) : capacity(most) {}

    std::size_t size() const { return bytes.size() - start; }
    void take(std::span<char> into) {
        std::memcpy(into.data(), bytes.data() + start, into.size());
        start += into.size();
        // Moves the rest to the front only when that is cheap, so that small reads stay linear in
        // all.
        if (start == bytes.size()) bytes.clear(), start = 0;
        if (start > capacity) bytes.erase(0, start), start = 0;
    }

    const std::size_t capacity;
    std::string bytes;
    std::size_t start = 0;
    bool is_ended = false;   // the writer said goodbye, or closed
    bool is_broken = false;  // the reader closed, or the writer did and left octets unread
    Wait reader, writer;
};

class MemoryStream final : public Stream {
 public:
    MemoryStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out, Endpoint local,
                 Endpoint remote)
        : in_(std::move(in)),
          out_(std::move(out)),
          local_(local),
          remote_(remote),
          deadline_([this] {
              in_->reader.fail(Gone::Why::deadline, "deadline passed");
              out_->writer.fail(Gone::Why::deadline, "deadline passed");
          }) {}
    ~MemoryStream() override { close(); }

    Task<std::size_t> read_some(std::span<char> into) override {
        co_await wait_readable();
        const std::size_t n = std::min(into.size(), in_->size());
        in_->take(into.first(n));
        if (n > 0) in_->writer.resume();
        co_return n;
    }

    bool has_input() override { return in_->size() > 0; }

    Task<void> wait_readable() override {
        for (;;) {
            check_open();
            if (in_->is_broken) throw Gone(Gone::Why::reset, "the peer broke the connection");
            if (in_->size() > 0 || in_->is_ended) co_return;
            co_await in_->reader.park();
        }
    }

    Task<void> write(std::string_view bytes) override {
        while (!bytes.empty()) {
            check_open();
            check(!out_->is_ended, "write after shutdown");
            if (out_->is_broken) throw Gone(Gone::Why::reset, "the peer broke the connection");
            const std::size_t n = std::min(bytes.size(), out_->capacity - out_->size());
            out_->bytes.append(bytes.substr(0, n));
            bytes.remove_prefix(n);
            if (n > 0) out_->reader.resume();
            if (!bytes.empty()) co_await out_->writer.park();
        }
    }

    Task<void> shutdown() override {
        out_->is_ended = true;
        out_->reader.resume();
        co_return;
    }

    void close() noexcept override {
        if (std::exchange(is_closed_, true)) return;
        in_->reader.fail(Gone::Why::reset, "the connection was closed here");
        out_->writer.fail(Gone::Why::reset, "the connection was closed here");
        // As TCP does it: the peer reads what is on its way and then the end, but closing with
        // octets unread resets the connection.
        if (in_->size() > 0) out_->is_broken = true;
        in_->is_broken = out_->is_ended = true;
        in_->writer.resume();
        out_->reader.resume();
    }

    void set_deadline(std::chrono::milliseconds from_now) override { deadline_.set(from_now); }
    Endpoint local() const override { return local_; }
    Endpoint remote() const override { return remote_; }

 private:
    void check_open() const {
        if (is_closed_) throw Gone(Gone::Why::reset, "the connection was closed here");
        if (deadline_.has_passed()) throw Gone(Gone::Why::deadline, "deadline passed");
    }

    std::shared_ptr<Pipe> in_, out_;
    Endpoint local_, remote_;
    bool is_closed_ = false;
    Deadline deadline_;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_pair(MemoryPairOptions options) {
    check(options.capacity > 0);
    const auto there = std::make_shared<Pipe>(options.capacity);
    const auto back = std::make_shared<Pipe>(options.capacity);
    const Endpoint first = options.first_endpoint, second = options.second_endpoint;
    return {std::make_unique<MemoryStream>(back, there, first, second),
            std::make_unique<MemoryStream>(there, back, second, first)};
}

}  // namespace pidge::net
