#include "program/assembly/open_store.h"
#include "program/command/call.h"
#include "program/command/verbs.h"

namespace pidge::command {
namespace {

Result<> init(Call& call) {
    if (call.config.store.engine != config::Store::Engine::postgres)
        return Refusal{.kind = Refusal::Kind::unsupported,
                       .text =
                           "This store makes itself when the server first starts; only engine "
                           "postgres needs to be made."};
    const auto options = TRY(program::postgres_options(call.config));
    TRY(store::init_postgres(options));
    call.print("The database holds a pidge store.");
    return {};
}

}  // namespace

std::vector<Verb> store_verbs() {
    return {
        {.words = "store init",
         .summary = "Make the tables of the store in the database (engine postgres)",
         .details = "Once for each database, and once after an upgrade that asks for it. What is "
                    "there stays, so it can be run again.",
         .examples = {"pidge store init"},
         .needs = Verb::Needs::config,
         .run = init},
    };
}

}  // namespace pidge::command
