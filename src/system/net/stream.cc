#include "system/net/stream.h"

namespace pidge::net {

Task<void> Stream::wait_readable() {
    co_return;
}

}  // namespace pidge::net
