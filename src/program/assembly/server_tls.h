// What the listeners of a service show their clients: the certificates of the configuration.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "program/config/config.h"
#include "system/tls/server_context.h"

namespace pidge::program {

tls::ServerOptions tls_options(const config::Config& config, config::Service service);

// Refused with file and fault, for the administrator.
Result<std::shared_ptr<tls::ServerContext>> make_server_tls(const config::Config& config,
                                                            config::Service service, WallTime now);

}  // namespace pidge::program
