#include "services/inspection/inspect.h"

#include <algorithm>

#include "base/text.h"
#include "services/inspection/inspection.h"

namespace pidge::inspection {

namespace {

using store::Space;

constexpr std::size_t key_octets_shown = 80;

// Those that no part looks into: read, so that the store checks what it has stored.
net::Task<void> inspect_rest(Inspection& in) {
    for (const store::SpaceInfo& info : store::spaces()) {
        if (in.report.counts.contains(info.space)) continue;
        in.report.counts[info.space] = 0;
        auto pages = in.pages(info.space);
        for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next())
            if (!in.count(info.space, page)) co_return;
    }
}

}  // namespace

std::string shown(std::string_view key) {
    const bool is_text =
        std::ranges::all_of(key, [](char c) { return c > 32 && c < 127; }) && !key.empty();
    return is_text ? text::printable(key, key_octets_shown)
                   : text::hex(key.substr(0, key_octets_shown));
}

net::Task<Result<Report>> inspect(store::Store& store, store::OnProgress progress) {
    if (const auto unfinished = co_await store::unfinished_import(store))
        co_return Refusal{.kind = Refusal::Kind::conflict, .text = *unfinished};
    Inspection in(store, co_await store.snapshot(), std::move(progress));
    co_await inspect_people(in);
    if (!in.is_interrupted) co_await inspect_queue(in);
    if (!in.is_interrupted) co_await inspect_bodies(in);
    if (!in.is_interrupted) co_await inspect_logs(in);
    if (!in.is_interrupted) co_await inspect_rest(in);
    if (in.is_interrupted)
        co_return Refusal{.kind = Refusal::Kind::temporary,
                          .text = "Interrupted.",
                          .code = std::string(store::interrupted_code)};
    co_return std::move(in.report);
}

}  // namespace pidge::inspection
