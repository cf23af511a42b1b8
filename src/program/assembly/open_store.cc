#include "program/assembly/open_store.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "system/crypto/secret_file.h"
#include "system/store/memory/memory_store.h"
#include "system/store/objects/bucket.h"
#include "system/store/rocksdb/rocks_store.h"

namespace pidge::program {
namespace {

std::string name_of(uid_t uid) {
    const passwd* user = ::getpwuid(uid);
    return user == nullptr ? fmt::format("#{}", uid) : std::string(user->pw_name);
}

// What root leaves in a store that is another user's, that user cannot open again. A folder that a
// store is to be made in may be anybody's who lets us, but what root makes there is root's alone.
Result<> check_owner(const std::string& store, const std::string& above) {
    struct stat status{};
    const bool is_there = ::stat(store.c_str(), &status) == 0;
    if (!is_there) {
        const bool is_open = errno != EACCES;
        if (is_open && ::geteuid() != 0) return {};
        if (::stat(above.c_str(), &status) != 0) return {};
    }
    if (status.st_uid == ::geteuid()) return {};
    const std::string owner = name_of(status.st_uid);
    return Refusal{
        .kind = Refusal::Kind::policy,
        .text = fmt::format("{} belongs to {}, and this is {}: what is written there now, the "
                            "server of {} could not open again. Run this as that user: sudo -u {} "
                            "pidge … (systemctl start pidge does so for the server).",
                            is_there ? store : above, owner, name_of(::geteuid()), owner, owner)};
}

}  // namespace

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
    TRY(check_owner(config.store_path(), above));
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
