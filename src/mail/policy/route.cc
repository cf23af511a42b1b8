#include "mail/policy/route.h"

namespace pidge::policy {

queue::Destination destination_for(const directory::Site& site, const address::Mailbox& recipient) {
    using directory::Route;
    using queue::Destination;
    const Route* route = site.find_route(recipient.domain);
    Destination destination{.kind = Destination::Kind::mx, .host = recipient.domain};
    if (!route) return destination;
    destination.tls = static_cast<Destination::Tls>(route->tls);
    switch (route->kind) {
        // A way that was closed after the message was accepted: it was promised, so it goes.
        case Route::Kind::refuse:
        case Route::Kind::mx:
            break;
        case Route::Kind::next_hop:
        case Route::Kind::lmtp:
            destination.kind = route->kind == Route::Kind::lmtp ? Destination::Kind::lmtp
                                                                : Destination::Kind::next_hop;
            destination.host = route->host;
            destination.port = route->port;
            destination.implicit_tls = route->implicit_tls;
            destination.user = route->user;
            break;
        case Route::Kind::discard:
            destination.kind = Destination::Kind::discard;
            destination.host.clear();
            break;
    }
    return destination;
}

}  // namespace pidge::policy
