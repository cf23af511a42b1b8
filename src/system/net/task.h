// Task<T>: what an asynchronous function returns. It runs when it is awaited (`co_await f()`), on
// the event loop of the one who awaits it. This header and stream.h are all of the event loop that
// folders above floor 1 see.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace pidge::net {

template <typename T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace pidge::net
