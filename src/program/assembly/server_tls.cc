#include "program/assembly/server_tls.h"

namespace pidge::program {

// Sessions of one service are no good for another (attacks.md G5).
tls::ServerOptions tls_options(const config::Config& config, config::Service service) {
    tls::ServerOptions options{.service = service == config::Service::mx           ? "mx"
                                          : service == config::Service::submission ? "submission"
                                                                                   : "submissions"};
    for (const config::Certificate& certificate : config.certificates)
        options.certificates.push_back({certificate.chain, certificate.key});
    return options;
}

Result<std::shared_ptr<tls::ServerContext>> make_server_tls(const config::Config& config,
                                                            config::Service service, WallTime now) {
    return tls::ServerContext::create(tls_options(config, service), now);
}

}  // namespace pidge::program
