#include "program/config/config.h"

#include <algorithm>

namespace pidge::config {

std::string Config::store_path() const {
    return store.path.empty() ? site.data + "/store" : store.path;
}

bool NodeSettings::has_role(std::string_view role) const {
    return role.empty() || std::ranges::find(roles, role) != roles.end();
}

std::string_view Listener::role() const {
    switch (service) {
        case Service::mx:
            return "mx";
        case Service::submission:
        case Service::submissions:
            return "submission";
        case Service::http:
            break;
    }
    return {};
}

}  // namespace pidge::config
