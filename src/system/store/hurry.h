// The end of a program must not wait for a database that does not answer.
#pragma once

#include "system/store/store.h"

namespace pidge::store {

// From now on what waits for the store's database waits for a few seconds more at most, all of it
// together, then fails (Fault unavailable). There is no way back: the store is about to be closed.
// Called once more it gives as long again, for the last words. Nothing for embedded engines. Any
// thread.
void hurry(Store& store);

}  // namespace pidge::store
