#include "formats/address/list.h"

#include "formats/address/lexer.h"
#include "formats/address/limits.h"
#include "formats/address/syntax.h"

namespace pidge::address {

namespace {

// A run of words and dots, before it is known whether it is a display name or a local part.
struct Words {
    std::string phrase;      // as a display name
    std::string local_part;  // as a local part: word *("." word)
    std::size_t start = 0;
    std::size_t end = 0;
    std::size_t words = 0;
    std::size_t quoted = 0;
    bool has_dot = false;
    bool begins_with_dot = false;
    bool has_inner_space = false;  // between words and dots
    bool after_word = false;
    bool is_local_part = true;  // words and dots take turns

    bool is_empty() const { return start == end; }
};

class Reader {
 public:
    explicit Reader(std::string_view body) : in_(body, list_.obsolete) {}

    AddressList read();

 private:
    bool read_entry();
    bool read_words(Words& words);
    bool add_word(Words& words, std::string_view word, bool after_space);
    bool read_angle(const Words& name);
    bool read_route();
    bool read_domain(std::string& domain, std::size_t& end);
    bool read_address(const Words& local, ListedMailbox& entry);
    bool open_group(const Words& name);
    bool finish(ListedMailbox entry);
    void resume();

    AddressList list_;
    Lexer in_;
    bool in_group_ = false;
};

AddressList Reader::read() {
    while (!in_.is_end()) {
        if (list_.mailboxes.size() + list_.errors.size() + list_.groups.size() >=
            list_addresses_max) {
            list_.is_cut = true;
            break;
        }
        if (!read_entry()) {
            list_.errors.push_back(in_.take_error());
            resume();
        }
    }
    if (in_group_ && !list_.is_cut)
        list_.errors.push_back({in_.offset(), "A group is not closed with a semicolon."});
    list_.read_octets = in_.offset();
    return std::move(list_);
}

// One entry with the comma or semicolon that ends it.
bool Reader::read_entry() {
    Words words;
    if (!read_words(words)) return false;
    ListedMailbox entry;
    if (in_.is_at('<')) return read_angle(words);
    if (in_.is_at('@')) return read_address(words, entry) && finish(std::move(entry));
    if (in_.is_at(':')) return open_group(words);
    if (!words.is_empty()) return in_.fail("An address has no domain.");
    if (in_.take(',')) {
        list_.obsolete.add(Obsolete::empty_element);
        return true;
    }
    if (in_group_ && in_.take(';')) {
        in_group_ = false;
        in_.skip_space();
        if (in_.is_failed()) return false;
        return in_.take(',') || in_.is_end() || in_.fail("A comma is missing after a group.");
    }
    return in_.is_end() || in_.fail("A character stands where an address should begin.");
}

bool Reader::add_word(Words& words, std::string_view word, bool after_space) {
    if (words.after_word) words.is_local_part = false;
    if (after_space && !words.phrase.empty()) words.phrase += ' ';
    words.phrase += word;
    words.local_part += word;
    words.after_word = true;
    ++words.words;
    words.end = in_.offset();
    return true;
}

bool Reader::read_words(Words& words) {
    in_.skip_space();
    if (in_.is_failed()) return false;
    in_.comment.clear();  // what stood before belongs to nobody
    words.start = words.end = in_.offset();
    bool after_space = false;
    for (;;) {
        const bool more = in_.is_at('"') || in_.is_at('.') || is_atext(in_.peek());
        if (!more || in_.is_end()) {
            words.is_local_part = words.is_local_part && words.after_word;
            return true;
        }
        words.has_inner_space |= after_space;
        if (in_.take('.')) {
            words.is_local_part = words.is_local_part && words.after_word;
            words.begins_with_dot |= words.phrase.empty();
            words.phrase += after_space ? " ." : ".";
            words.local_part += '.';
            words.has_dot = true;
            words.after_word = false;
            words.end = in_.offset();
        } else if (in_.is_at('"')) {
            std::string content;
            if (!in_.read_quoted(content)) return false;
            ++words.quoted;
            add_word(words, content, after_space);
        } else {
            add_word(words, in_.read_atom(), after_space);
        }
        after_space = in_.skip_space();
        if (in_.is_failed()) return false;
    }
}

// angle-addr = [CFWS] "<" [obs-route] addr-spec ">" [CFWS]
bool Reader::read_angle(const Words& name) {
    ListedMailbox entry;
    entry.whole.offset = name.is_empty() ? in_.offset() : name.start;
    if (!name.is_empty()) {
        if (name.begins_with_dot) return in_.fail("A display name begins with a dot.");
        if (name.has_dot) list_.obsolete.add(Obsolete::dot_in_phrase);
        if (!text::is_valid_utf8(name.phrase)) list_.obsolete.add(Obsolete::raw_octets);
        entry.display_name = name.phrase;
        entry.phrase = {name.start, name.end - name.start};
    }
    in_.take('<');
    if (!read_route()) return false;
    Words local;
    if (!read_words(local)) return false;
    if (local.is_empty()) return in_.fail("An address has no local part.");
    if (!in_.is_at('@')) return in_.fail("An address has no domain.");
    const std::size_t start = entry.whole.offset;
    if (!read_address(local, entry)) return false;
    if (!in_.take('>')) return in_.fail("An address is not closed with \">\".");
    entry.whole = {start, in_.offset() - start};
    return finish(std::move(entry));
}

// obs-route = obs-domain-list ":";  obs-domain-list = *(CFWS / ",") "@" domain *("," [CFWS] ["@"
// domain])
bool Reader::read_route() {
    in_.skip_space();
    if (in_.is_failed()) return false;
    if (!in_.is_at('@') && !in_.is_at(',')) return true;
    list_.obsolete.add(Obsolete::route);
    std::size_t domains = 0;
    while (!in_.is_end()) {
        in_.skip_space();
        if (in_.is_failed()) return false;
        if (in_.take(',')) continue;
        if (in_.is_at(':')) break;
        std::string domain;
        std::size_t end = 0;
        if (!in_.take('@') || !read_domain(domain, end)) return in_.fail("A route is broken.");
        if (++domains > route_domains_max) return in_.fail("A route is too long.");
    }
    return (in_.take(':') && domains > 0) || in_.fail("A route is broken.");
}

// domain = dot-atom / domain-literal / obs-domain; `end` is where it ends, before any CFWS.
bool Reader::read_domain(std::string& domain, std::size_t& end) {
    const auto skip_inner_space = [this] {
        if (in_.skip_space()) list_.obsolete.add(Obsolete::space_in_address);
        return !in_.is_failed();
    };
    if (!skip_inner_space()) return false;
    if (in_.is_at('[')) {
        if (!in_.read_literal(domain)) return false;
        end = in_.offset();
        in_.skip_space();
        return !in_.is_failed();
    }
    for (;;) {
        const std::string_view atom = in_.read_atom();
        if (atom.empty()) return in_.fail("A domain is incomplete.");
        domain += atom;
        end = in_.offset();
        const bool space = in_.skip_space();
        if (in_.is_failed()) return false;
        if (!in_.is_at('.')) return true;
        if (space) list_.obsolete.add(Obsolete::space_in_address);
        in_.take('.');
        domain += '.';
        if (!skip_inner_space()) return false;
    }
}

bool Reader::read_address(const Words& local, ListedMailbox& entry) {
    if (!local.is_local_part) return in_.fail("What stands before \"@\" is no local part.");
    const bool space_before_at = local.end != in_.offset();
    in_.take('@');
    std::string domain;
    std::size_t end = 0;
    in_.comment.clear();
    if (!read_domain(domain, end)) return false;
    if (local.has_inner_space || space_before_at) list_.obsolete.add(Obsolete::space_in_address);
    if (local.words > 1 && local.quoted > 0) list_.obsolete.add(Obsolete::words_in_local_part);
    if (!text::is_valid_utf8(local.local_part) || !text::is_valid_utf8(domain))
        return in_.fail("An address is not UTF-8.");
    entry.addr_spec = {local.start, end - local.start};
    entry.whole = entry.addr_spec;
    // An obsolete local part may have quoted dots where a Dot-string has none: a."b.c"@d is
    // <a.b.c@d> all the same.
    if (auto fitting = make_mailbox(local.local_part, domain)) {
        entry.mailbox = *std::move(fitting);
        entry.fits_smtp = true;
        return true;
    }
    entry.mailbox.local_part = local.local_part;
    entry.mailbox.literal = domain.starts_with('[');
    if (entry.mailbox.literal) {
        auto literal = normal_literal(domain);
        if (!literal) list_.obsolete.add(Obsolete::literal_text);
        entry.mailbox.domain = literal ? *literal : domain;
    } else {
        entry.mailbox.domain = normal_domain(domain).value_or(text::to_lower(domain));
    }
    return true;
}

bool Reader::open_group(const Words& name) {
    if (in_group_) return in_.fail("A group stands in a group.");
    if (name.words == 0 || name.begins_with_dot) return in_.fail("A group has no name.");
    if (name.has_dot) list_.obsolete.add(Obsolete::dot_in_phrase);
    if (!text::is_valid_utf8(name.phrase)) list_.obsolete.add(Obsolete::raw_octets);
    in_.take(':');
    in_group_ = true;
    list_.groups.push_back({name.phrase, {name.start, name.end - name.start}});
    return true;
}

// [CFWS] and the comma after a mailbox; the semicolon of a group is left for the next entry.
bool Reader::finish(ListedMailbox entry) {
    in_.skip_space();
    if (in_.is_failed()) return false;
    entry.comment = in_.comment;
    if (!in_.take(',') && !in_.is_end() && !(in_group_ && in_.is_at(';')))
        return in_.fail("A comma is missing after an address.");
    if (in_group_) entry.group = list_.groups.size() - 1;
    list_.mailboxes.push_back(std::move(entry));
    return true;
}

// After an error: on with the next entry.
void Reader::resume() {
    const std::size_t at =
        in_.body().find_first_of(in_group_ ? std::string_view(",;") : ",", in_.offset());
    if (at == std::string_view::npos) return in_.move_to(in_.body().size());
    in_.move_to(in_.body()[at] == ',' ? at + 1 : at);
}

}  // namespace

AddressList read_address_list(std::string_view body) {
    AddressList list = Reader(body.substr(0, list_octets_max)).read();
    list.is_cut |= body.size() > list_octets_max;
    return list;
}

Result<AddressList> parse_address_list(std::string_view body) {
    AddressList list = read_address_list(body);
    if (list.errors.empty() && !list.is_cut) return list;
    Refusal refusal{.kind = Refusal::Kind::syntax, .status = {5, 6, 0}};
    if (list.errors.empty()) {
        refusal.kind = Refusal::Kind::limit;
        refusal.text = "The field holds too many addresses.";
    } else {
        refusal.text = list.errors.front().text + " (octet " +
                       std::to_string(list.errors.front().offset) + " of the field)";
    }
    return refusal;
}

std::string quoted_phrase(std::string_view name) {
    bool atoms = !name.empty() && name.front() != ' ' && name.back() != ' ';
    std::string clean;
    for (const char c : name) {
        if (text::is_control(c)) continue;
        atoms = atoms && (is_atext(c) || (c == ' ' && !clean.ends_with(' ')));
        clean += c;
    }
    if (atoms || clean.empty()) return clean;
    std::string out = "\"";
    for (const char c : clean) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

}  // namespace pidge::address
