// The octets of records, for tests: what a name server would send as RDATA.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "system/dns/record.h"

namespace pidge::dns::testing {

Bytes u16(std::uint16_t value);  // network order
Bytes u32(std::uint32_t value);
Bytes address_rdata(std::string_view address);  // A or AAAA
Bytes name_rdata(std::string_view name);        // CNAME, PTR, NS
Bytes mx_rdata(std::uint16_t preference, std::string_view exchange);
Bytes txt_rdata(std::string_view text);  // in strings of up to 255 octets
Bytes tlsa_rdata(const TlsaRecord& record);
Bytes srv_rdata(const SrvRecord& record);

}  // namespace pidge::dns::testing
