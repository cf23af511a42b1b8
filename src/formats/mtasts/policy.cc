#include "formats/mtasts/policy.h"

#include <algorithm>

#include "base/text.h"
#include "formats/mtasts/limits.h"

namespace pidge::mtasts {

namespace {

constexpr std::string_view spaces = " \t";

Refusal bad(std::string text) {
    return {.kind = Refusal::Kind::syntax, .text = std::move(text)};
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(spaces);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

bool is_word(std::string_view text, std::string_view more) {
    return std::ranges::all_of(text, [more](char c) {
        return text::is_alpha(c) || text::is_digit(c) || more.find(c) != std::string_view::npos;
    });
}

// RFC 8461 §3.1, §3.2: a name has at most 32 characters and begins with a letter or digit.
bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= 32 && is_word(name.substr(0, 1), "") &&
           is_word(name, "_-.");
}

//   sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]
//   sts-version     = %s"v=STSv1"                sts-field-delim = *WSP ";" *WSP
std::optional<std::string> read_record(std::string_view record) {
    std::optional<std::string> id;
    const auto fields = text::split(record, ';');
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string_view field = trimmed(fields[i]);
        if (i == 0) {
            if (field != "v=STSv1") return std::nullopt;
            continue;
        }
        if (field.empty() && i + 1 == fields.size()) break;
        const std::size_t equals = field.find('=');
        if (equals == std::string_view::npos || !is_name(field.substr(0, equals)))
            return std::nullopt;
        const std::string_view value = field.substr(equals + 1);
        if (field.substr(0, equals) != "id") continue;
        const bool is_good = !value.empty() && value.size() <= id_octets_max && is_word(value, "");
        if (id || !is_good) return std::nullopt;
        id = value;
    }
    return id;
}

// sts-policy-mx-value = ["*."] Domain
bool is_pattern(std::string_view pattern) {
    if (pattern.starts_with("*.")) pattern.remove_prefix(2);
    if (pattern.empty() || pattern.size() > 255) return false;
    for (const std::string_view label : text::split(pattern, '.'))
        if (label.empty() || label.size() > 63 || !is_word(label, "-_")) return false;
    return true;
}

class PolicyReader {
 public:
    Result<void> take(std::string_view line) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return bad("A line of the policy has no colon.");
        const std::string_view name = trimmed(line.substr(0, colon));
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (!is_name(name)) return bad("A line of the policy has no proper name.");
        if (name == "mx") return take_pattern(value);
        // §3.2: of all but mx the first one counts.
        if (name == "version" && !version_) version_ = value;
        if (name == "mode" && !mode_) mode_ = value;
        if (name == "max_age" && !max_age_) max_age_ = value;
        return {};
    }

    Result<Policy> finish() {
        if (version_ != "STSv1") return bad("The policy has no version that is known.");
        if (mode_ == "enforce")
            policy_.mode = Mode::enforce;
        else if (mode_ == "testing")
            policy_.mode = Mode::testing;
        else if (mode_ == "none")
            policy_.mode = Mode::none;
        else
            return bad("The policy has no mode that is known.");
        const auto seconds = max_age_ && max_age_->size() <= 10 ? text::parse_u64(*max_age_)
                                                                : std::optional<std::uint64_t>();
        if (!seconds) return bad("The policy has no max_age that can be read.");
        policy_.max_age =
            std::min(std::chrono::seconds(static_cast<std::int64_t>(*seconds)), max_age_max);
        if (policy_.mode != Mode::none && policy_.patterns.empty())
            return bad("The policy names no mail exchanger.");
        return std::move(policy_);
    }

 private:
    Result<void> take_pattern(std::string_view value) {
        if (value.ends_with('.')) value.remove_suffix(1);
        if (!is_pattern(value)) return bad("An mx line of the policy names no host.");
        if (policy_.patterns.size() == patterns_max)
            return bad("The policy names too many mail exchangers.");
        policy_.patterns.push_back(text::to_lower(value));
        return {};
    }

    Policy policy_;
    std::optional<std::string_view> version_, mode_, max_age_;
};

}  // namespace

std::string_view mode_name(Mode mode) {
    switch (mode) {
        case Mode::none:
            return "none";
        case Mode::testing:
            return "testing";
        case Mode::enforce:
            return "enforce";
    }
    return "";
}

std::optional<std::string> find_id(const std::vector<std::string>& txt_records) {
    // §3.1: what does not begin with the version is discarded; then exactly one must be left.
    const std::string* only = nullptr;
    for (const std::string& record : txt_records) {
        if (!record.starts_with("v=STSv1")) continue;
        const std::string_view after = trimmed(std::string_view(record).substr(7));
        if (!after.starts_with(';')) continue;
        if (only != nullptr) return std::nullopt;
        only = &record;
    }
    return only != nullptr ? read_record(*only) : std::nullopt;
}

//   sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP)
//                       [sts-policy-term]          sts-policy-term = LF / CRLF
Result<Policy> read_policy(std::string_view body) {
    if (body.size() > policy_octets_max) return bad("The policy is too large.");
    PolicyReader reader;
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('\n'), body.size());
        std::string_view line = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        // Not in the grammar, and left behind by people who write such files by hand.
        if (trimmed(line).empty()) continue;
        TRY(reader.take(line));
    }
    return reader.finish();
}

bool is_match(std::string_view pattern, std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    if (!pattern.starts_with("*.")) return text::iequals(pattern, host);
    const std::size_t dot = host.find('.');
    return dot != std::string_view::npos && dot > 0 &&
           text::iequals(pattern.substr(1), host.substr(dot));
}

bool has_match(const Policy& policy, std::string_view host) {
    return std::ranges::any_of(
        policy.patterns, [host](const std::string& pattern) { return is_match(pattern, host); });
}

std::vector<std::string> policy_lines(const Policy& policy) {
    std::vector<std::string> lines{"version: STSv1",
                                   "mode: " + std::string(mode_name(policy.mode))};
    for (const std::string& pattern : policy.patterns) lines.push_back("mx: " + pattern);
    lines.push_back("max_age: " + std::to_string(policy.max_age.count()));
    return lines;
}

}  // namespace pidge::mtasts
