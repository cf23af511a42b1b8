// Rules between the values of a configuration: names that stand twice, listeners without a
// certificate and the like. Pure.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

#include "program/config/config.h"
#include "program/config/option.h"

namespace pidge::config {

// Which options were given, and where.
class Settings {
 public:
    void note(const Option& option, std::size_t index, Position at) {
        places_[{&option, index}] = at;
    }
    // The option is not as it should be, which has been told already: no rule speaks of it again.
    void note_wrong(const Option& option, std::size_t index) { wrong_.insert({&option, index}); }

    void note_wrong_section(const std::string& name) { wrong_sections_.insert(name); }
    bool is_wrong_section(const std::string& name) const { return wrong_sections_.contains(name); }

    bool is_given(std::string_view section, std::string_view name, std::size_t index = 0) const {
        return places_.contains({find_option(section, name), index});
    }
    bool is_wrong(std::string_view section, std::string_view name, std::size_t index = 0) const {
        return wrong_.contains({find_option(section, name), index});
    }
    // Where its value stands, else `otherwise`.
    Position place(std::string_view section, std::string_view name, std::size_t index,
                   Position otherwise) const {
        const auto found = places_.find({find_option(section, name), index});
        return found == places_.end() ? otherwise : found->second;
    }

 private:
    using Key = std::pair<const Option*, std::size_t>;
    std::map<Key, Position> places_;
    std::set<Key> wrong_;
    std::set<std::string> wrong_sections_;
};

// The mistakes without their file.
std::vector<Mistake> broken_rules(const Config& config, const Settings& set);

}  // namespace pidge::config
