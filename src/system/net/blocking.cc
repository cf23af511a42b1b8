#include "system/net/blocking.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

namespace pidge::net {

void run_blocking(std::vector<Task<void>> tasks) {
    boost::asio::io_context loop(1);
    std::exception_ptr first;
    for (Task<void>& task : tasks)
        boost::asio::co_spawn(loop, std::move(task), [&first](std::exception_ptr failure) {
            if (failure && !first) first = std::move(failure);
        });
    loop.run();
    if (first) std::rethrow_exception(first);
}

}  // namespace pidge::net
