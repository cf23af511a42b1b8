// Trace: what happened in a simulation, in order, as one number. Two runs with one seed have one
// trace; the first line that differs is found by printing both.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pidge::simulation {

class Trace {
 public:
    // Where lines go for a person to read; none: they are only hashed.
    std::function<void(const std::string& line)> teller;

    void add(std::string_view line) {
        take(line);
        if (teller) teller(std::string(line));
    }
    // Octets that nobody reads.
    void take(std::string_view octets) {
        hash_ = mix(hash_ ^ std::hash<std::string_view>{}(octets));
    }
    std::uint64_t hash() const { return hash_; }

    static std::uint64_t mix(std::uint64_t value) {
        value = (value ^ (value >> 32)) * 0xd6e8'feb8'6659'fd93;
        value = (value ^ (value >> 32)) * 0xd6e8'feb8'6659'fd93;
        return value ^ (value >> 32);
    }

 private:
    std::uint64_t hash_ = 0;
};

}  // namespace pidge::simulation
