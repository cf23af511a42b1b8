// Reads the delivery-status part of reports that others send (RFC 3464 §2, RFC 6533 §4.1). Pure.
#pragma once

#include <string_view>
#include <vector>

#include "formats/dsn/report.h"

namespace pidge::dsn {

struct DeliveryStatus {
    std::string reporting_mta;  // without its type
    std::string envelope_id;
    std::vector<RecipientStatus> recipients;  // at most recipients_max
};

// The body of a message/delivery-status or message/global-delivery-status part, decoded. Refused
// when it names no recipient, or one without a final recipient, action or status. Fields that are
// not known are passed over.
Result<DeliveryStatus> read_status(std::string_view body);

}  // namespace pidge::dsn
