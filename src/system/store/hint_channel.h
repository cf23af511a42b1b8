// HintChannel: hints between the processes that share a store. They may be lost: a receiver that
// was cut off for a while is told so by an empty subject ("anything may have changed").
#pragma once

#include <functional>

#include "base/bytes.h"

namespace pidge::store {

// Thread-safe. Nothing is heard any more once it is gone.
class HintChannel {
 public:
    virtual ~HintChannel() = default;
    // To the others; never waits.
    virtual void send(const Bytes& subject) = 0;
    // What the others send goes to `listener`, on a thread of the channel. Called once at most.
    virtual void listen(std::function<void(const Bytes& subject)> listener) = 0;
};

}  // namespace pidge::store
