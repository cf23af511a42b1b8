#include "system/store/postgres/postgres_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/random.h"
#include "system/store/objects/object_table.h"
#include "system/store/postgres/closing.h"
#include "system/store/postgres/limits.h"
#include "system/store/postgres/postgres_hints.h"
#include "system/store/postgres/postgres_leases.h"
#include "system/store/postgres/postgres_table.h"
#include "system/store/postgres/postgres_writer.h"
#include "system/store/postgres/schema.h"
#include "system/store/postgres/sessions.h"
#include "system/store/table_store.h"

namespace pidge::store {

namespace {

using postgres::Connection;
using postgres::Deadline;

// Objects of different stores never meet, whatever their configurations say: each has a folder of
// its own below the prefix.
std::string folder_of_objects(Connection& connection, Deadline deadline) {
    static const postgres::Statement draw{
        "draw-folder",
        "INSERT INTO pidge_schema (name, value) VALUES ('objects', $1::bigint) ON CONFLICT (name) "
        "DO NOTHING"};
    static const postgres::Statement ask{"ask-folder",
                                         "SELECT value FROM pidge_schema WHERE name = 'objects'"};
    const auto drawn = static_cast<std::int64_t>(random_u64() >> 1);
    connection.ask(draw, postgres::Parameters().number(drawn), deadline);
    return fmt::format("{:016x}/", connection.ask(ask, {}, deadline).number(0, 0));
}

Refusal unreachable(const std::exception& error) {
    return {.kind = Refusal::Kind::temporary,
            .text = fmt::format("The database of the store cannot be used: {}.", error.what())};
}

Result<void> check_server(const Connection& connection) {
    if (connection.server_version() >= postgres_limits::server_version_min) return {};
    return Refusal{.kind = Refusal::Kind::unsupported,
                   .text = fmt::format("The database server is PostgreSQL {}; pidge needs {} or "
                                       "later.",
                                       connection.server_version() / 10000,
                                       postgres_limits::server_version_min / 10000)};
}

// What would lose acknowledged mail is refused, not warned of.
Result<void> check_durability(Connection& connection, Deadline deadline) {
    const auto rows = connection.ask({"fsync",
                                      "SELECT current_setting('fsync') = 'on' AND "
                                      "current_setting('full_page_writes') = 'on'"},
                                     {}, deadline);
    if (rows.flag(0, 0)) return {};
    return Refusal{.kind = Refusal::Kind::policy,
                   .text =
                       "The database server runs with fsync or full_page_writes off: a power "
                       "cut would destroy mail that was acknowledged. Switch both on."};
}

}  // namespace

Result<void> init_postgres(const PostgresOptions& options) {
    try {
        Connection connection(options, postgres::Durable::yes);
        TRY(check_server(connection));
        // Creating a few dozen files takes longer than an answer usually does.
        return postgres::make_tables(connection,
                                     std::chrono::steady_clock::now() + 6 * options.deadline);
    } catch (const postgres::Lost& lost) {
        return unreachable(lost);
    } catch (const postgres::Refused& refused) {
        return unreachable(refused);
    }
}

Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options, const Clock& clock) {
    ObjectStore objects{.bucket = nullptr, .from_bytes = options.bucket_from_bytes};
    try {
        Connection connection(options, postgres::Durable::yes);
        const Deadline deadline = std::chrono::steady_clock::now() + options.deadline;
        TRY(check_server(connection));
        TRY(check_durability(connection, deadline));
        TRY(postgres::check_tables(connection, deadline));
        if (options.bucket) {
            BucketOptions bucket = *options.bucket;
            bucket.prefix += folder_of_objects(connection, deadline);
            objects.bucket = std::make_shared<Bucket>(std::move(bucket));
        }
    } catch (const postgres::Lost& lost) {
        return unreachable(lost);
    } catch (const postgres::Refused& refused) {
        return unreachable(refused);
    }
    options.closing = std::make_shared<postgres::Closing>();
    try {
        auto sessions = std::make_shared<postgres::Sessions>(options, options.readers + 1);
        const bool has_bucket = objects.bucket != nullptr;
        const auto table = std::make_shared<ObjectTable>(
            std::make_shared<postgres::PostgresTable>(sessions), std::move(objects), clock);
        Engine engine{.table = table,
                      .leases = std::make_shared<postgres::PostgresLeases>(sessions),
                      .hints = std::make_unique<postgres::PostgresHints>(options),
                      .pool_threads = options.readers,
                      .body_threads = has_bucket ? objects_limits::threads : 0,
                      .users = Engine::Users::several};
        for (std::size_t i = 0; i < options.committers; ++i)
            engine.writers.push_back(std::make_unique<postgres::PostgresWriter>(
                options, clock,
                has_bucket ? [table](const std::vector<Bytes>& keys) { table->erased(keys); }
                           : postgres::PostgresWriter::ChunksErased()));
        return std::make_unique<TableStore>(std::move(engine), clock);
    } catch (const Fault& fault) {
        return unreachable(fault);
    }
}

}  // namespace pidge::store
