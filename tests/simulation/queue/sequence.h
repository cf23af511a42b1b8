// Sequence: a random sequence of everything that can be done to the queue, against a model of its
// state machine (C16). The store is a real one in memory, the planning is mail/queue's; the model
// is a map and some rules, written down a second time.
//
//   accepted ──▶ due ──lease──▶ leased ──┬─▶ gone            settled, or given up
//                 ▲  ▲            │      └─▶ due, later      some recipients stay
//      released ──┘  └── expiry, ─┘
//                        crash, given back
//   due ──hold──▶ held ──release──▶ due;   due, held ──remove──▶ gone;   leased: refused
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pidge::simulation {

struct SequenceOutcome {
    std::uint64_t steps = 0, changes = 0, refused = 0, expired = 0, crashes = 0;
    std::vector<std::string> divergences;
};

SequenceOutcome run_sequence(std::uint64_t seed);

}  // namespace pidge::simulation
