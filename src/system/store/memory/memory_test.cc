#include <doctest/doctest.h>

#include "system/store/conformance/site.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using namespace pidge::store;

namespace {

class MemorySite final : public conformance::Site {
 public:
    std::unique_ptr<Store> open(const Clock& clock) override { return open_memory(clock, disk_); }

 private:
    std::shared_ptr<MemoryDisk> disk_ = make_memory_disk();
};

}  // namespace

std::unique_ptr<conformance::Site> conformance::make_site() {
    return std::make_unique<MemorySite>();
}

std::unique_ptr<Store> conformance::open_at(const std::string&, const Clock&) {
    return nullptr;
}
