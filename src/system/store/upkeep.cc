// What a TableStore does by itself: looks at the disk each second, writes again when there is space
// again, and sweeps.
#include <pthread.h>

#include <utility>

#include "base/log.h"
#include "system/store/blob_record.h"
#include "system/store/limits.h"
#include "system/store/octets.h"
#include "system/store/table_store.h"

namespace pidge::store {

namespace {

constexpr log::Event swept{"store-uploads-swept", log::Level::info,
                           "Bodies that no commit came to hold were removed.", ""};
constexpr log::Event sweep_failed{
    "store-sweep-failed", log::Level::warning,
    "Left-over bodies or tokens could not be removed; tried again within the hour.", ""};

}  // namespace

void TableStore::keep_up() {
    ::pthread_setname_np(::pthread_self(), "store-upkeep");
    for (;;) {
        sweep_when_due();
        std::unique_lock lock(upkeep_mutex_);
        if (upkeep_wake_.wait_for(lock, std::chrono::seconds(1), [this] { return is_stopping_; }))
            return;
        lock.unlock();
        look_at_disk();
        write_again();
    }
}

void TableStore::keep_up_by_hand() {
    sweep_when_due();
    look_at_disk();
    write_again();
    hands_->take(Hands::Work::upkeep, [this] { keep_up_by_hand(); });
}

void TableStore::sweep_when_due() {
    if (last_sweep_ && clock_.steady() - *last_sweep_ < limits::sweep_interval) return;
    last_sweep_ = clock_.steady();
    try {
        sweep_uploads();
        sweep_tokens();
    } catch (const std::exception& error) {
        log::write(sweep_failed, {{"reason", error.what()}});
    }
}

void TableStore::write_again() {
    using State = Committer::State;
    const State state = committer_.state();
    if (state != State::full && state != State::away) return;
    const auto after = state == State::full ? Table::After::full : Table::After::unavailable;
    if (table_->recover(after)) committer_.set_recovered(state);
}

void TableStore::look_at_disk() {
    const auto disk = table_->disk_space();
    const std::lock_guard lock(health_mutex_);
    disk_ = disk;
}

// Of the uploads of other processes only the time of their beginning is known.
bool TableStore::may_be_in_use(const std::string& upload) {
    if (uploads_.is_live(upload)) return true;
    if (users_ == Engine::Users::one_process) return false;
    const auto begun = upload_begun(upload);
    return begun && clock_.now() - *begun < limits::foreign_upload_age_max;
}

void TableStore::sweep_uploads() {
    uploads_.forget_old();
    std::size_t removed = 0;
    ScanOptions options{
        .from = pending_key({}), .to = after_prefix(pending_key({})), .limit = limits::sweep_step};
    for (bool more = true; more;) {
        const auto marks = *table_->scan(Space::chunk, options, nullptr, Effort::may_wait);
        more = marks.size() == options.limit;
        for (const Item& mark : marks) {
            options.from = mark.key + '\0';
            const std::string upload = mark.key.substr(1);
            if (may_be_in_use(upload)) continue;
            // The check leaves alone what a commit comes to hold at this moment.
            Change change;
            change.check_present(Space::chunk, mark.key);
            change.erase(Space::chunk, mark.key);
            const Bytes first = upload_chunk_key(upload, 0);
            change.erase_range(Space::chunk, first,
                               after_prefix(first.substr(0, first.size() - 4)));
            if (!committer_.submit_soon(std::move(change))) return;
            ++removed;
        }
    }
    if (removed > 0) log::write(swept, {{"uploads", removed}});
}

void TableStore::sweep_tokens() {
    const auto oldest = (clock_.now() - limits::token_age_max).time_since_epoch().count();
    ScanOptions options{.limit = limits::sweep_step};
    for (bool more = true; more;) {
        const auto tokens = *table_->scan(Space::token, options, nullptr, Effort::may_wait);
        more = tokens.size() == options.limit;
        Change change;
        for (const Item& token : tokens) {
            options.from = token.key + '\0';
            if (token.value.size() != 8) continue;
            if (static_cast<std::int64_t>(read_u64(token.value.data())) < oldest)
                change.erase(Space::token, token.key);
        }
        if (!change.is_empty() && !committer_.submit_soon(std::move(change))) return;
    }
}

}  // namespace pidge::store
