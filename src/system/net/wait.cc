#include "system/net/wait.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"
#include "system/net/loop_inside.h"

namespace pidge::net {

namespace asio = boost::asio;

namespace {
std::exception_ptr gone(Gone::Why why, const char* text) {
    return std::make_exception_ptr(Gone(why, text));
}
}  // namespace

Task<void> Wait::park(Interruption interruption) {
    check(!is_parked(), "two coroutines in one wait");
    interruption_ = interruption;
    return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        [this](auto handler) {
            Loop& loop = this_loop();
            const bool is_cancelled =
                handler.get_cancellation_state().cancelled() != asio::cancellation_type::none;
            slot_ = {};
            if (interruption_ == Interruption::allowed && !is_cancelled && !loop.is_interrupted()) {
                slot_ = asio::get_associated_cancellation_slot(handler);
                if (slot_.is_connected())
                    slot_.assign([this](asio::cancellation_type) {
                        fail(Gone::Why::deadline, "deadline passed");
                    });
            }
            enter(loop, [handler = std::move(handler)](std::exception_ptr error) mutable {
                std::move(handler)(std::move(error));
            });
            if (interruption_ == Interruption::deferred) return;
            if (is_cancelled)
                fail(Gone::Why::deadline, "deadline passed");
            else if (loop.is_interrupted())
                fail(Gone::Why::shutdown, "shutting down");
        },
        asio::use_awaitable);
}

void Wait::enter(Loop& loop, Handler handler) {
    handler_ = std::move(handler);
    loop_ = &loop;
    Wait*& head = loop.inside().parked;
    next_ = head;
    previous_ = &head;
    if (next_ != nullptr) next_->previous_ = &next_;
    head = this;
}

Wait::Handler Wait::leave() noexcept {
    if (previous_ != nullptr) {
        *previous_ = next_;
        if (next_ != nullptr) next_->previous_ = previous_;
        previous_ = nullptr;
        next_ = nullptr;
    }
    // From here on this object may be destroyed before the coroutine goes on.
    if (slot_.is_connected()) slot_.clear();
    slot_ = {};
    return std::exchange(handler_, {});
}

void Wait::abandon() noexcept {
    // Destroys the coroutine that is parked here, if any.
    const Handler dropped = leave();
}

void Wait::fail(std::exception_ptr error) noexcept {
    if (!is_parked()) return;
    Loop& loop = *loop_;
    loop.post(
        [handler = leave(), error = std::move(error)]() mutable { handler(std::move(error)); });
}

void Wait::resume() noexcept {
    fail(nullptr);
}

void Wait::fail(Gone::Why why, const char* text) noexcept {
    if (is_parked()) fail(gone(why, text));
}

void Wait::resume_now() noexcept {
    if (!is_parked()) return;
    Handler handler = leave();
    handler(nullptr);
}

}  // namespace pidge::net
