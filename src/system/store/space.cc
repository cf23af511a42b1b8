#include "system/store/space.h"

#include <array>

namespace pidge::store {

namespace {

constexpr std::array all{
    SpaceInfo{Space::meta, "meta"},
    SpaceInfo{Space::counter, "counter"},
    SpaceInfo{Space::token, "token"},
    SpaceInfo{Space::blob, "blob"},
    SpaceInfo{Space::chunk, "chunk"},
    SpaceInfo{Space::due, "due"},
    SpaceInfo{Space::lease, "lease"},
    SpaceInfo{Space::node, "node"},
    SpaceInfo{Space::audit, "audit"},
    SpaceInfo{Space::domain, "domain"},
    SpaceInfo{Space::principal, "principal"},
    SpaceInfo{Space::address, "address"},
    SpaceInfo{Space::credential, "credential"},
    SpaceInfo{Space::range, "range"},
    SpaceInfo{Space::route, "route"},
    SpaceInfo{Space::queue, "queue"},
    SpaceInfo{Space::message, "message"},
    SpaceInfo{Space::sts, "sts"},
    SpaceInfo{Space::tlsrpt, "tlsrpt"},
};

}  // namespace

std::span<const SpaceInfo> spaces() {
    return all;
}

std::string_view space_name(Space space) {
    for (const SpaceInfo& info : all)
        if (info.space == space) return info.name;
    return "unknown";
}

}  // namespace pidge::store
