#include "program/assembly/open_store.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "system/crypto/secret_file.h"
#include "system/store/memory/memory_store.h"
#include "system/store/objects/bucket.h"
#include "system/store/rocksdb/rocks_store.h"

namespace pidge::program {

Result<store::PostgresOptions> postgres_options(const config::Config& config) {
    const config::Store& wanted = config.store;
    store::PostgresOptions options{.conninfo = wanted.conninfo,
                                   .node = config.site.node,
                                   .committers = wanted.committers,
                                   .readers = wanted.readers,
                                   .deadline = wanted.deadline,
                                   .patience = wanted.patience};
    if (wanted.password_file.empty()) return options;
    std::ifstream file(wanted.password_file);
    if (!std::getline(file, options.password) || options.password.empty())
        return Refusal{.kind = Refusal::Kind::not_found,
                       .text = "The database password cannot be read from " + wanted.password_file +
                               " (store.password_file)."};
    return options;
}

Result<std::shared_ptr<const store::BucketOptions>> bucket_options(const config::Config& config) {
    const config::Objects& wanted = config.objects;
    if (wanted.bucket.empty()) return std::shared_ptr<const store::BucketOptions>();
    const crypto::Secret secret = TRY(crypto::read_secret_file(wanted.secret_file));
    using Style = store::BucketOptions::Style;
    return std::make_shared<const store::BucketOptions>(store::BucketOptions{
        .endpoint = wanted.endpoint,
        .bucket = wanted.bucket,
        .prefix = wanted.prefix,
        .key = {.access_key = wanted.access_key,
                .secret = std::string(secret.bytes()),
                .region = wanted.region},
        .style = wanted.style == config::Objects::Style::host ? Style::host : Style::path,
        .authorities_path = wanted.authorities});
}

Result<std::unique_ptr<store::Store>> open_store(const config::Config& config, const Clock& clock) {
    if (config.store.engine == config::Store::Engine::postgres) {
        store::PostgresOptions options = TRY(postgres_options(config));
        options.bucket = TRY(bucket_options(config));
        options.bucket_from_bytes = config.objects.from_bytes;
        return store::open_postgres(std::move(options), clock);
    }
    if (config.store.engine == config::Store::Engine::memory) return store::open_memory(clock);
    // The folder above is made with the store, for us alone; the one above that must be there.
    const std::filesystem::path above = std::filesystem::path(config.store_path()).parent_path();
    if (::mkdir(above.c_str(), 0700) != 0 && errno != EEXIST)
        return Refusal{.kind = Refusal::Kind::policy,
                       .text = "The folder " + above.string() +
                               " cannot be made: " + std::generic_category().message(errno) + "."};
    return store::open_rocksdb({.path = config.store_path()}, clock);
}

std::string audit_log_name(const config::Config& config) {
    return "audit." + config.site.hostname + "/" + config.site.node;
}

}  // namespace pidge::program
