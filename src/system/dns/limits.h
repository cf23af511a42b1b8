// Limits of name resolution (attacks.md G6, P11). What a foreign zone says is foreign input.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::dns {

// RFC 1035 §2.3.4
inline constexpr std::size_t label_octets_max = 63;
inline constexpr std::size_t name_octets_max = 255;

// More records than this in one answer are left out; large providers publish some 20 of a kind,
// lists of TXT records 50.
inline constexpr std::size_t records_max = 200;
// The text of one TXT record: RFC 7208 §3.4 asks for 450 octets, DKIM keys of 4096 bits take 800. A
// DNS message has 64 KiB.
inline constexpr std::size_t txt_octets_max = 16'384;
// Hosts of one destination that are tried at most. RFC 5321 §5.1 asks for at least two addresses.
inline constexpr std::size_t exchangers_max = 20;
// Addresses of one host that are tried at most.
inline constexpr std::size_t addresses_max = 20;

// Look-ups that wait at one time, in the whole process; each is a few hundred octets here and some
// KiB in libunbound.
inline constexpr std::size_t outstanding_max = 4'000;
// RFC 5321 §4.5.4.1 leaves it open. SPF and DMARC hold a client meanwhile, which waits for five
// minutes (§4.5.3.2).
inline constexpr std::chrono::milliseconds lookup_deadline{20'000};

}  // namespace pidge::dns
