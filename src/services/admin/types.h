// The data types of the site. Properties, filters and sort orders: docs/api.md.
#pragma once

#include <memory>

#include "services/admin/data_type.h"

namespace pidge::admin {

std::unique_ptr<DataType> domain_type(Parts& parts);
std::unique_ptr<DataType> account_type(Parts& parts);
std::unique_ptr<DataType> credential_type(Parts& parts);
std::unique_ptr<DataType> range_type(Parts& parts);
std::unique_ptr<DataType> route_type(Parts& parts);
std::unique_ptr<DataType> queue_entry_type(Parts& parts);
std::unique_ptr<DataType> audit_entry_type(Parts& parts);
std::unique_ptr<DataType> tls_report_type(Parts& parts);
std::unique_ptr<DataType> node_type(Parts& parts);

// How many entries of the queue are in each state, all of one moment.
struct QueueCounts {
    std::size_t waiting = 0, deferred = 0, held = 0;
    std::size_t entries() const { return waiting + deferred + held; }
};
net::Task<QueueCounts> count_queue(store::Store& store);

}  // namespace pidge::admin
