#include "system/dns/testing/signed_zone.h"

#include <fstream>
#include <sstream>

#include "base/check.h"
#include "base/text.h"

namespace pidge::dns::testing {

std::string add_signed_zone(TestServer& server, const std::string& file) {
    std::ifstream in(file);
    check(in.is_open(), file);
    std::string anchor;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string name, owner, rdata;
        int type = 0;
        words >> name;
        if (name == "#") continue;
        if (name == "anchor") {
            anchor = line.substr(line.find(' ') + 1);
            continue;
        }
        const bool is_denial = name == "deny";
        if (is_denial) words >> name >> owner;
        words >> type >> rdata;
        const auto octets = text::from_hex(rdata);
        check(!words.fail() && octets.has_value(), line);
        if (is_denial)
            server.add_denial(name, owner, static_cast<Type>(type), *octets);
        else
            server.add(name, static_cast<Type>(type), *octets);
    }
    return anchor;
}

}  // namespace pidge::dns::testing
