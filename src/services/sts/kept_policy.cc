#include "services/sts/kept_policy.h"

#include "formats/record/record.h"

namespace pidge::sts {

namespace {

constexpr std::uint8_t version = 1;

enum Number : std::uint32_t { id = 1, mode = 2, max_age_s = 3, pattern = 4, fetched = 5, used = 6 };

WallTime time_of(const record::Field& field) {
    return WallTime(std::chrono::microseconds(field.signed_value()));
}

}  // namespace

Bytes record_of(const KeptPolicy& kept) {
    record::Writer out(version);
    out.bytes(id, kept.id);
    out.number(mode, static_cast<std::uint64_t>(kept.policy.mode));
    out.number(max_age_s, static_cast<std::uint64_t>(kept.policy.max_age.count()));
    for (const std::string& each : kept.policy.patterns) out.element(pattern, each);
    out.signed_number(fetched, kept.fetched.time_since_epoch().count());
    out.signed_number(used, kept.used.time_since_epoch().count());
    return out.take();
}

std::optional<KeptPolicy> read_kept_policy(std::string_view record) {
    KeptPolicy kept;
    record::Reader in(record);
    while (const auto field = in.next()) {
        switch (field->number) {
            case id:
                kept.id = field->bytes;
                break;
            case mode:
                if (field->value > static_cast<std::uint64_t>(mtasts::Mode::enforce))
                    return std::nullopt;
                kept.policy.mode = static_cast<mtasts::Mode>(field->value);
                break;
            case max_age_s:
                kept.policy.max_age = std::chrono::seconds(static_cast<std::int64_t>(field->value));
                break;
            case pattern:
                kept.policy.patterns.emplace_back(field->bytes);
                break;
            case fetched:
                kept.fetched = time_of(*field);
                break;
            case used:
                kept.used = time_of(*field);
                break;
        }
    }
    if (in.is_broken() || in.version() != version) return std::nullopt;
    return kept;
}

}  // namespace pidge::sts
