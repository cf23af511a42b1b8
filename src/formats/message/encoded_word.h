// Encoded words (RFC 2047, with RFC 2231 §5's language): "=?utf-8?q?gr=C3=BC=C3=9Fe?=". Pure.
#pragma once

#include <string>
#include <string_view>

namespace pidge::message {

// Text of an unstructured field, a comment, or a display name as address::ListedMailbox has it, to
// UTF-8 for display. Folded or not. Words in an unknown charset, or broken ones, stay as they are;
// octets outside words are read as UTF-8, else as windows-1252; control characters become U+FFFD.
// What would decode to more than encoded_word_octets_max stays encoded.
std::string decode_words(std::string_view text);

// UTF-8 text for an unstructured field or a phrase: unchanged when it is ASCII and cannot be taken
// for an encoded word, else with encoded words of at most 75 characters, single spaces between
// them. Control characters are left out.
std::string encode_text(std::string_view utf8);
// For a display name: atoms, a quoted string or encoded words.
std::string encode_phrase(std::string_view utf8);

}  // namespace pidge::message
