#include "formats/message/parameters.h"

#include "base/text.h"
#include "formats/message/header.h"
#include "formats/unicode/charset.h"

namespace pidge::message {

namespace {

// token = 1*<any CHAR except SPACE, CTLs, or tspecials>   (RFC 2045 §5.1)
constexpr bool is_token_char(char c) {
    return c > 32 && c < 127 &&
           std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

// Moves forward only.
class Reader {
 public:
    explicit Reader(std::string_view in) : in_(in) {}

    bool is_end() const { return at_ >= in_.size(); }
    bool is_broken() const { return is_broken_; }
    void set_broken() { is_broken_ = true; }
    bool take(char c) {
        if (is_end() || in_[at_] != c) return false;
        ++at_;
        return true;
    }
    void skip_space();
    std::string_view token();
    std::string value();
    // A quoted string, or a token that may hold U-labels (RFC 8601 §2.2).
    std::string id();
    // On to the next semicolon; what is skipped was no parameter.
    void resume();

 private:
    std::string quoted();

    std::string_view in_;
    std::size_t at_ = 0;
    bool is_broken_ = false;
};

void Reader::skip_space() {
    std::size_t depth = 0;
    for (; !is_end(); ++at_) {
        const char c = in_[at_];
        if (c == '(') {
            if (++depth > comment_depth_max) is_broken_ = true;
        } else if (depth > 0 && c == ')') {
            --depth;
        } else if (depth > 0 && c == '\\') {
            ++at_;
        } else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return;
        }
    }
    at_ = std::min(at_, in_.size());
    is_broken_ |= depth > 0;
}

std::string_view Reader::token() {
    const std::size_t start = at_;
    while (!is_end() && is_token_char(in_[at_])) ++at_;
    return in_.substr(start, at_ - start);
}

std::string Reader::quoted() {
    std::string out;
    for (++at_; !is_end(); ++at_) {
        char c = in_[at_];
        if (c == '"') {
            ++at_;
            return out;
        }
        if (c == '\\' && at_ + 1 < in_.size()) c = in_[++at_];
        is_broken_ |= text::is_control(c) && c != '\t';
        out += c;
    }
    is_broken_ = true;
    return out;
}

std::string Reader::id() {
    if (!is_end() && in_[at_] == '"') return quoted();
    const std::size_t start = at_;
    while (!is_end() && (is_token_char(in_[at_]) || static_cast<unsigned char>(in_[at_]) > 127))
        ++at_;
    return std::string(in_.substr(start, at_ - start));
}

// A token or quoted string; also what many write in their place: anything up to the next semicolon.
std::string Reader::value() {
    if (!is_end() && in_[at_] == '"') return quoted();
    const std::size_t start = at_;
    const std::string out(token());
    skip_space();
    if (!is_end() && in_[at_] != ';') {
        is_broken_ = true;
        resume();
        return std::string(text::trim(in_.substr(start, at_ - start)));
    }
    is_broken_ |= out.empty();
    return out;
}

void Reader::resume() {
    while (!is_end() && in_[at_] != ';') {
        if (in_[at_] == '"')
            quoted();
        else
            ++at_;
    }
}

// RFC 2231 §3, §4: name ["*" section] ["*"].
struct Name {
    std::string base;
    int section = -1;
    bool is_encoded = false;
};

Name split_name(std::string_view written) {
    Name name;
    if (written.ends_with('*')) {
        name.is_encoded = true;
        written.remove_suffix(1);
    }
    if (const auto star = written.rfind('*'); star != written.npos) {
        const auto section = text::parse_u64(written.substr(star + 1));
        const bool plain =
            written.size() == star + 2 || written[std::min(star + 1, written.size() - 1)] != '0';
        if (section && *section < parameters_max && plain) {
            name.section = static_cast<int>(*section);
            written = written.substr(0, star);
        }
    }
    name.base = text::to_lower(written);
    return name;
}

std::string percent_decoded(std::string_view text, bool& is_broken) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet =
            text[i] == '%' ? text::from_hex(text.substr(i + 1, 2)) : std::optional<std::string>();
        if (octet && octet->size() == 1) {
            out += *octet;
            i += 2;
        } else {
            is_broken |= text[i] == '%';
            out += text[i];
        }
    }
    return out;
}

struct Piece {
    Name name;
    std::string value;
};

// Puts the pieces of one parameter together; the first has the charset (§4.1).
Parameter joined(const std::vector<const Piece*>& pieces, Parameters& into) {
    Parameter out{.name = pieces.front()->name.base, .value = {}, .is_extended = true};
    std::string charset;
    std::string octets;
    int expected = 0;
    for (const Piece* piece : pieces) {
        if (piece->name.section >= 0 && piece->name.section != expected) {
            if (piece->name.section < expected)
                into.has_duplicate = true;
            else
                into.is_broken = true;
            break;
        }
        std::string_view value = piece->value;
        if (piece->name.is_encoded && expected == 0) {
            const auto first = value.find('\'');
            const auto second = first == value.npos ? value.npos : value.find('\'', first + 1);
            if (second == value.npos) {
                into.is_broken = true;
            } else {
                charset = value.substr(0, first);
                value.remove_prefix(second + 1);
            }
        }
        octets +=
            piece->name.is_encoded ? percent_decoded(value, into.is_broken) : std::string(value);
        ++expected;
    }
    out.value = unicode::without_controls(unicode::to_utf8_for_display(octets, charset));
    return out;
}

// The pieces of all parameters, as written, to one value each.
void assemble(std::vector<Piece> pieces, Parameters& into) {
    std::map<std::string, std::vector<const Piece*>> by_name;
    std::vector<const Piece*> order;
    for (const Piece& piece : pieces) {
        auto& same = by_name[piece.name.base];
        if (same.empty()) order.push_back(&piece);
        same.push_back(&piece);
    }
    for (const Piece* first : order) {
        std::vector<const Piece*> plain, whole, sections;
        for (const Piece* piece : by_name[first->name.base])
            (piece->name.section >= 0 ? sections
             : piece->name.is_encoded ? whole
                                      : plain)
                .push_back(piece);
        into.has_duplicate |= plain.size() > 1 || whole.size() > 1;
        std::sort(sections.begin(), sections.end(), [](const Piece* a, const Piece* b) {
            return std::pair(a->name.section, a) < std::pair(b->name.section, b);
        });
        for (std::size_t i = 1; i < sections.size(); ++i)
            into.has_duplicate |= sections[i]->name.section == sections[i - 1]->name.section;
        // The form with a charset is meant for those who can read it (RFC 6266 §4.3 says so for a
        // like case).
        if (!whole.empty())
            into.list.push_back(joined({whole.front()}, into));
        else if (!sections.empty() && sections.front()->name.section == 0)
            into.list.push_back(joined(sections, into));
        else if (!plain.empty())
            into.list.push_back({first->name.base, plain.front()->value});
        else
            into.is_broken = true;
    }
}

Parameters read_rest(Reader& in) {
    Parameters parameters;
    std::vector<Piece> pieces;
    for (;;) {
        in.skip_space();
        if (in.is_end()) break;
        if (!in.take(';')) {
            in.set_broken();
            in.resume();
            continue;
        }
        in.skip_space();
        if (in.is_end()) break;  // a semicolon at the end is a common slip that changes nothing
        const std::string_view name = in.token();
        in.skip_space();
        if (name.empty() || !in.take('=')) {
            in.set_broken();
            in.resume();
            continue;
        }
        if (pieces.size() == parameters_max) {
            parameters.is_cut = true;
            break;
        }
        in.skip_space();
        pieces.push_back({split_name(name), in.value()});
    }
    parameters.is_broken = in.is_broken();
    assemble(std::move(pieces), parameters);
    return parameters;
}

}  // namespace

const Parameter* Parameters::find(std::string_view name) const {
    for (const Parameter& parameter : list)
        if (parameter.name == name) return &parameter;
    return nullptr;
}

std::string_view Parameters::value(std::string_view name) const {
    const Parameter* found = find(name);
    return found == nullptr ? std::string_view() : std::string_view(found->value);
}

Parameters read_parameters(std::string_view text) {
    const std::string line = unfold(text);
    Reader in(line);
    return read_rest(in);
}

std::optional<ContentType> read_content_type(std::string_view body) {
    const std::string line = unfold(body);
    Reader in(line);
    ContentType out;
    in.skip_space();
    out.type = text::to_lower(in.token());
    in.skip_space();
    if (out.type.empty() || !in.take('/')) return std::nullopt;
    in.skip_space();
    out.subtype = text::to_lower(in.token());
    if (out.subtype.empty()) return std::nullopt;
    out.parameters = read_rest(in);
    return out;
}

std::optional<Disposition> read_disposition(std::string_view body) {
    const std::string line = unfold(body);
    Reader in(line);
    Disposition out;
    in.skip_space();
    out.type = text::to_lower(in.token());
    if (out.type.empty()) return std::nullopt;
    out.parameters = read_rest(in);
    return out;
}

std::optional<std::string> read_token_field(std::string_view body) {
    const std::string line = unfold(body);
    Reader in(line);
    in.skip_space();
    std::string out(in.token());
    for (in.skip_space(); !in.is_end(); in.skip_space()) {
        const std::string_view more = in.token();  // "1 . 0"
        if (more.empty() || in.is_broken() || !(more.starts_with('.') || out.ends_with('.')))
            return std::nullopt;
        out += more;
    }
    if (out.empty() || in.is_broken()) return std::nullopt;
    return out;
}

std::optional<std::string> read_authserv_id(std::string_view body) {
    const std::string line = unfold(body);
    Reader in(line);
    in.skip_space();
    std::string id = in.id();
    if (in.is_broken()) return std::nullopt;
    return id;
}

std::string write_parameter(std::string_view name, std::string_view utf8) {
    constexpr std::size_t piece_octets_max = 60;
    const std::string prefix = ";\r\n " + std::string(name);
    const bool is_plain =
        std::all_of(utf8.begin(), utf8.end(), [](char c) { return c >= 32 && c < 127; });
    if (is_plain && utf8.size() <= piece_octets_max) {
        if (!utf8.empty() && std::all_of(utf8.begin(), utf8.end(), is_token_char))
            return prefix + "=" + std::string(utf8);
        std::string out = prefix + "=\"";
        for (const char c : utf8) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        return out + "\"";
    }
    std::string coded = "utf-8''";
    std::vector<std::string> pieces;
    for (const char c : utf8) {
        const bool is_attribute_char = is_token_char(c) && c != '*' && c != '\'' && c != '%';
        if (coded.size() + 3 > piece_octets_max) pieces.push_back(std::exchange(coded, ""));
        coded += is_attribute_char ? std::string(1, c) : "%" + text::to_upper(text::hex({&c, 1}));
    }
    if (pieces.empty()) return prefix + "*=" + coded;
    pieces.push_back(coded);
    std::string out;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        out += prefix + "*" + std::to_string(i) + "*=" + pieces[i];
    return out;
}

}  // namespace pidge::message
