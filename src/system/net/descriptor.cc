#include "system/net/descriptor.h"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "system/net/deadline.h"
#include "system/net/loop_inside.h"

namespace pidge::net {

namespace asio = boost::asio;

// Shared with the pending readiness callbacks, which the context may still run after the descriptor
// is closed.
struct Descriptor::State : std::enable_shared_from_this<State> {
    using Base = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

    struct Direction {
        Wait wait;
        // A callback is pending in the reactor. It outlives a wait that ended by deadline; the next
        // wait uses it.
        bool is_armed = false;
    };

    explicit State(int fd)
        : descriptor(*this_loop().inside().context, fd), deadline([this] {
              read.wait.fail(Gone::Why::deadline, "deadline passed");
              write.wait.fail(Gone::Why::deadline, "deadline passed");
          }) {
        descriptor.native_non_blocking(true);
    }

    void check_open() const {
        if (!descriptor.is_open()) throw Gone(Gone::Why::reset, "the connection was closed here");
        if (deadline.has_passed()) throw Gone(Gone::Why::deadline, "deadline passed");
    }

    Task<void> ready(Direction& direction, asio::posix::descriptor_base::wait_type type) {
        check_open();
        if (!std::exchange(direction.is_armed, true))
            descriptor.async_wait(type, [self = shared_from_this(), &direction](const auto&) {
                direction.is_armed = false;
                direction.wait.resume_now();
            });
        return direction.wait.park();
    }

    void abandon_waits() noexcept {
        read.wait.fail(Gone::Why::reset, "the connection was closed here");
        write.wait.fail(Gone::Why::reset, "the connection was closed here");
    }

    Base descriptor;
    Direction read, write;
    Deadline deadline;
};

Descriptor::Descriptor(int fd) : state_(std::make_shared<State>(fd)) {}

Descriptor::~Descriptor() {
    close();
}

int Descriptor::fd() const {
    return state_->descriptor.is_open() ? state_->descriptor.native_handle() : -1;
}

Task<void> Descriptor::readable() {
    return state_->ready(state_->read, State::Base::wait_read);
}
Task<void> Descriptor::writable() {
    return state_->ready(state_->write, State::Base::wait_write);
}
void Descriptor::check_open() const {
    state_->check_open();
}
void Descriptor::set_deadline(std::chrono::milliseconds from_now) {
    state_->deadline.set(from_now);
}

void Descriptor::close() noexcept {
    // First the waits, so that they end as closed and not as ready when the reactor lets go of
    // them.
    state_->abandon_waits();
    boost::system::error_code ignored;
    state_->descriptor.close(ignored);
}

int Descriptor::release() {
    state_->abandon_waits();
    return state_->descriptor.is_open() ? state_->descriptor.release() : -1;
}

}  // namespace pidge::net
