// Overlay: the state that a group of changes sees and makes, on top of what is stored. What one
// change did is undone alone when it turns out that it cannot be done. Used by one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "system/store/table.h"

namespace pidge::store {

// Where an overlay finds what lies below it.
class Base {
 public:
    virtual ~Base() = default;
    virtual std::optional<Bytes> find(Space space, std::string_view key) = 0;  // may wait
    // Whether there is a key from `from` on and before `to`; may wait.
    virtual bool has_between(Space space, std::string_view from, std::string_view to) = 0;
    // The key is taken for free; a base whose table others write sees to it that it is.
    virtual void note_free([[maybe_unused]] Space space, [[maybe_unused]] std::string_view key) {}
};

class TableBase final : public Base {
 public:
    explicit TableBase(Table& table) : table_(table) {}
    std::optional<Bytes> find(Space space, std::string_view key) override {
        return *table_.get(space, key, nullptr, Effort::may_wait);
    }
    bool has_between(Space space, std::string_view from, std::string_view to) override {
        const ScanOptions options{.from = Bytes(from), .to = Bytes(to), .limit = 1};
        return !table_.scan(space, options, nullptr, Effort::may_wait)->empty();
    }

 private:
    Table& table_;
};

class Overlay {
 public:
    explicit Overlay(Base& base) : base_(base) {}

    // Null: there is none. The pointer holds until the next call.
    const Bytes* get(Space space, std::string_view key);
    void put(Space space, std::string_view key, Bytes value);
    void put_new(Space space, std::string_view key, Bytes value);  // nothing is there
    void erase(Space space, std::string_view key);
    void erase_range(Space space, std::string_view from, std::string_view to);

    // Of what is stored, without what the overlay makes of it.
    bool is_stored_between(Space space, std::string_view from, std::string_view to) {
        return base_.has_between(space, from, to);
    }

    // What was written to a key in this group: nothing, an erasure or a value.
    enum class Touched { no, erased, written };
    Touched touched(Space space, std::string_view key) const;

    void keep();  // what was done so far stays
    void undo();  // takes back all since keep()

    // The batch that makes the table what the overlay shows; holds until the next change of the
    // overlay.
    std::vector<Write> writes() const;
    bool is_clean() const { return dirty_.empty() && ranges_.empty(); }
    std::size_t size_bytes() const { return size_bytes_; }

 private:
    struct Entry {
        std::optional<Bytes> value;
        bool is_dirty = false;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using Entries = std::unordered_map<Bytes, Entry, Hash, std::equal_to<>>;
    struct Range {
        Bytes from, to;
    };
    struct Before {
        Entries::value_type* node;
        Entry entry;
    };

    const Bytes& composed(Space space, std::string_view key);
    bool is_in_range(std::string_view table_key) const;
    void set(Space space, std::string_view key, std::optional<Bytes> value);

    Base& base_;
    Entries entries_;
    std::vector<const Entries::value_type*> dirty_;  // in order of their first writing
    std::vector<Range> ranges_;
    std::vector<Before> journal_;
    std::size_t kept_dirty_ = 0, kept_ranges_ = 0;
    std::size_t size_bytes_ = 0;
    Bytes composed_;
};

}  // namespace pidge::store
