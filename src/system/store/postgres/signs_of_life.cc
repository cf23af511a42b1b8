#include "system/store/postgres/signs_of_life.h"

#include "system/store/postgres/limits.h"

namespace pidge::store::postgres {

void SignsOfLife::heard(SteadyTime begun, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    if (now - last_ > postgres_limits::holder_certain) kept_since_ = now;
    if (now - last_ > postgres_limits::holder_gap) heard_since_ = now;
    last_ = begun;
}

bool SignsOfLife::keeps(SteadyTime leased, SteadyTime now) const {
    const std::lock_guard lock(mutex_);
    return now - last_ < postgres_limits::holder_certain && leased >= kept_since_;
}

bool SignsOfLife::may_take_over(SteadyTime now, std::chrono::milliseconds heard_for) const {
    const std::lock_guard lock(mutex_);
    return now - last_ < postgres_limits::holder_gap && now - heard_since_ >= heard_for;
}

}  // namespace pidge::store::postgres
