// What the parts of an inspection share. Internal.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "services/inspection/inspect.h"

namespace pidge::inspection {

inline constexpr std::size_t findings_max = 100;

class Inspection {
 public:
    Inspection(store::Store& store, std::shared_ptr<const store::Snapshot> at,
               store::OnProgress progress)
        : store(store), at(std::move(at)), progress_(std::move(progress)) {}

    store::Store& store;
    const std::shared_ptr<const store::Snapshot> at;
    Report report;

    void note(std::string about, std::string text) {
        ++report.problems;
        if (report.findings.size() < findings_max)
            report.findings.push_back({std::move(about), std::move(text)});
    }
    store::Pages pages(store::Space space) { return {store, space, at.get()}; }
    net::Task<bool> has(store::Space space, Bytes key) {
        const auto found = co_await store.get(space, std::move(key), at.get());
        co_return found.has_value();
    }
    // Counts a page that was read. False: somebody asked to stop.
    bool count(store::Space space, const std::vector<store::Item>& page) {
        report.counts[space] += page.size();
        report.records += page.size();
        for (const store::Item& item : page) report.octets += item.key.size() + item.value.size();
        is_interrupted = is_interrupted || !progress_({space, report.records, report.octets, {}});
        return !is_interrupted;
    }
    bool is_interrupted = false;

    // The first 8 octets of the names of the bodies that queue entries hold, one for each holder.
    std::vector<std::uint64_t> holders;

 private:
    const store::OnProgress progress_;
};

net::Task<void> inspect_people(Inspection& in);  // domains, principals, addresses …
net::Task<void> inspect_queue(Inspection& in);   // entries and due records; fills `holders`
net::Task<void> inspect_bodies(Inspection& in);  // blobs and chunks; after the queue
net::Task<void> inspect_logs(Inspection& in);    // audit, counter

std::string shown(std::string_view key);  // a key for a person

}  // namespace pidge::inspection
