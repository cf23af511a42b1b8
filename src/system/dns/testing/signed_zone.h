// A zone with DNSSEC, "signed.test", for a TestServer: MX, A and TLSA records with good signatures,
// a name whose MX record is forged ("bogus.signed.test"), and proofs that "nothing.signed.test" and
// other types of "mx.signed.test" are absent. make_signed_zone.py made it; its signatures hold from
// 2020 to 2080.
#pragma once

#include <string>

#include "system/dns/testing/test_server.h"

namespace pidge::dns::testing {

// Fills the server from `file` (testing/signed_zone.txt of the source tree); the result is the
// zone's trust anchor.
std::string add_signed_zone(TestServer& server, const std::string& file);

}  // namespace pidge::dns::testing
