// What check() finds about the database of engine postgres.
#include "program/assembly/assembly.h"
#include "program/check/parts.h"

namespace pidge::program {

void check_database(const config::Config& config, Findings& out) {
    if (config.store.engine != config::Store::Engine::postgres) return;
    constexpr std::string_view about = "database";
    const auto options = postgres_options(config);
    if (!options) {
        out.push_back({Finding::Kind::error, std::string(about), options.error().text,
                       "Let the file hold the password, readable for the server's user."});
        return;
    }
    for (const store::PostgresFinding& found : store::examine_postgres(*options)) {
        using Kind = store::PostgresFinding::Kind;
        const Finding::Kind kind = found.kind == Kind::good      ? Finding::Kind::good
                                   : found.kind == Kind::warning ? Finding::Kind::warning
                                                                 : Finding::Kind::error;
        out.push_back({kind, std::string(about), found.text, found.advice});
    }
}

}  // namespace pidge::program
