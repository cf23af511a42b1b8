#include "mail/policy/send_limits.h"

namespace pidge::policy {

namespace {

using std::chrono::minutes;

constexpr SendLimits person{
    .messages = 30, .window = minutes(1), .recipients_per_hour = 300, .recipients_per_day = 1000};
constexpr SendLimits automatic{
    .messages = 60, .window = minutes(1), .recipients_per_hour = 1000, .recipients_per_day = 5000};
// For each machine of the range.
constexpr SendLimits machine{.messages = 60,
                             .window = minutes(5),
                             .recipients_per_hour = 200,
                             .recipients_per_day = 500,
                             .recipients_per_message = 100};

}  // namespace

const SendLimits* find_send_limits(Submitter::Kind kind) {
    switch (kind) {
        case Submitter::Kind::outside:
            break;
        case Submitter::Kind::person:
            return &person;
        case Submitter::Kind::automatic:
            return &automatic;
        case Submitter::Kind::range:
            return &machine;
    }
    return nullptr;
}

}  // namespace pidge::policy
