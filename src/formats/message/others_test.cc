// Our tree of parts against two others: GMime's, and the trees that come with mime4j's test
// messages (Apache-2.0), read from outside the source tree when they are there. Every difference
// must be one of those named here, with its reason.
#include <doctest/doctest.h>
#include <gmime/gmime.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "base/text.h"
#include "formats/message/mime_reader.h"

using namespace pidge;
using message::DefectKind;
using message::Part;
using message::Structure;

namespace {

std::filesystem::path data_folder() {
    const char* set = std::getenv("PIDGE_SHARED_DATA");
    return set != nullptr ? set : std::string(PIDGE_SOURCE_DIR) + "/../shared/data";
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Some of the files have bare line feeds throughout, as they lay on a disk.
std::string with_crlf(const std::string& text) {
    if (text.contains("\r\n")) return text;
    std::string out;
    for (const char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
    return out;
}

// "multipart/mixed(text/plain,message/rfc822(text/plain))"
std::string ours(const Structure& structure, message::PartIndex index = 0) {
    const Part& part = structure.parts[index];
    std::string out = part.content_type.text();
    if (part.children.empty()) return out;
    out += "(";
    for (const auto child : part.children)
        out += (child == part.children.front() ? "" : ",") + ours(structure, child);
    return out + ")";
}

// "M(b,R(b))": what mime4j's trees tell.
std::string shape(const Structure& structure, message::PartIndex index = 0) {
    const Part& part = structure.parts[index];
    if (part.children.empty()) return part.is_multipart() ? "M()" : "b";
    std::string out = part.is_multipart() ? "M(" : "R(";
    for (const auto child : part.children)
        out += (child == part.children.front() ? "" : ",") + shape(structure, child);
    return out + ")";
}

std::string gmimes(GMimeObject* object) {
    GMimeContentType* type = g_mime_object_get_content_type(object);
    std::string out = text::to_lower(std::string(g_mime_content_type_get_media_type(type)) + "/" +
                                     g_mime_content_type_get_media_subtype(type));
    if (GMIME_IS_MULTIPART(object)) {
        auto* multipart = reinterpret_cast<GMimeMultipart*>(object);
        const int count = g_mime_multipart_get_count(multipart);
        std::string inner;
        for (int i = 0; i < count; ++i)
            inner += (i == 0 ? "" : ",") + gmimes(g_mime_multipart_get_part(multipart, i));
        if (count > 0) out += "(" + inner + ")";
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage* inner =
            g_mime_message_part_get_message(reinterpret_cast<GMimeMessagePart*>(object));
        if (inner != nullptr && g_mime_message_get_mime_part(inner) != nullptr)
            out += "(" + gmimes(g_mime_message_get_mime_part(inner)) + ")";
    }
    return out;
}

std::string gmime(const std::string& text) {
    GMimeStream* stream = g_mime_stream_mem_new_with_buffer(text.data(), text.size());
    GMimeParser* parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage* message = g_mime_parser_construct_message(parser, nullptr);
    std::string out = "none";
    if (message != nullptr && g_mime_message_get_mime_part(message) != nullptr)
        out = gmimes(g_mime_message_get_mime_part(message));
    if (message != nullptr) g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
    return out;
}

// The shape of a tree from its tags; what stands between them is escaped.
std::string mime4js(const std::string& xml) {
    std::string out;
    std::size_t depth = 0;
    for (std::size_t at = xml.find('<'); at != xml.npos; at = xml.find('<', at + 1)) {
        const std::string tag = xml.substr(at + 1, xml.find('>', at) - at - 1);
        const auto comma = [&] { return out.empty() || out.ends_with('(') ? "" : ","; };
        if (tag == "body" || tag == "body/")
            out += std::string(comma()) + "b";
        else if (tag == "multipart")
            out += std::string(comma()) + "M(";
        else if (tag == "/multipart")
            out += ")";
        else if (tag == "message" && depth++ > 0)
            out += std::string(comma()) + "R(";
        else if (tag == "/message" && --depth > 0)
            out += ")";
    }
    return out;
}

std::vector<std::filesystem::path> messages(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> found;
    if (!std::filesystem::exists(folder)) return found;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".msg") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<std::filesystem::path> all_messages() {
    std::vector<std::filesystem::path> all;
    for (const char* folder : {"mime4j/testmsgs", "mime4j/mimetools-testmsgs"})
        for (auto& path : messages(data_folder() / folder)) all.push_back(path);
    return all;
}

// Why a tree is another one, and the defect by which a reader of ours learns that there are two
// readings.
struct Why {
    std::string_view file;
    DefectKind told;
    std::string_view reason;
};

constexpr auto from_gmime = std::to_array<Why>({
    {"malformedHeader-noheader.msg", DefectKind::no_colon,
     "GMime makes no part of a message without a field; it is text to us."},
    {"malformedHeaderStartsBody-noheader.msg", DefectKind::no_colon, "The same."},
    {"multipartemptypart.msg", DefectKind::no_blank_line,
     "Two boundaries in a row have an empty part between them (so for mime4j); GMime drops it."},
    {"2002_06_12_doublebound.msg", DefectKind::no_blank_line, "The same."},
    {"double-bound.msg", DefectKind::no_blank_line, "The same."},
    {"very-long-boundary.msg", DefectKind::bad_boundary,
     "A boundary over boundary_octets_max is not looked for."},
    {"weird-boundary.msg", DefectKind::bad_boundary,
     "A boundary may not end with spaces; we take them for padding."},
    {"multi-bad.msg", DefectKind::duplicate_field,
     "Of two Content-Type fields we take the first, GMime the last."},
    {"multi-digest.msg", DefectKind::bad_content_type,
     "\"Content-type: text\" cannot be read, so it is text/plain (RFC 2045 §5.2)."},
});

constexpr auto from_mime4j = std::to_array<Why>({
    {"bad-newlines-multiple-parts-base64.msg", DefectKind::encoded_composite,
     "A message may not be encoded (RFC 2046 §5.2.1); it is not opened."},
    {"base64encoded-rfc822message.msg", DefectKind::encoded_composite, "The same."},
    {"base64encoded-rfc822message-nested.msg", DefectKind::encoded_composite, "The same."},
    {"multi-2gifs-base64.msg", DefectKind::encoded_composite, "The same."},
    {"ending-boundaries.msg", DefectKind::boundary_with_text,
     "A boundary is a whole line to us and to GMime."},
    {"very-long-boundary.msg", DefectKind::bad_boundary,
     "A boundary over boundary_octets_max is not looked for."},
    {"very-very-long-boundary.msg", DefectKind::bad_boundary, "The same."},
    {"weird-boundary.msg", DefectKind::bad_boundary,
     "A boundary may not end with spaces; we take them for padding."},
});

// Each difference is a known one, and each known one occurs.
template <std::size_t n>
void check_deviations(const std::map<std::string, std::string>& met,
                      const std::array<Why, n>& known) {
    for (const auto& [file, difference] : met)
        if (std::none_of(known.begin(), known.end(),
                         [&](const Why& why) { return why.file == file; }))
            FAIL_CHECK(file << ": " << difference);
    for (const Why& why : known) {
        CHECK_MESSAGE(met.contains(std::string(why.file)), why.file);
        for (const auto& path : all_messages())
            if (path.filename() == why.file)
                CHECK_MESSAGE(message::read_structure(with_crlf(read_file(path))).has(why.told),
                              why.file);
    }
}

}  // namespace

TEST_CASE("our trees are those of GMime, but for named deviations") {
    g_mime_init();
    std::map<std::string, std::string> met;
    const auto all = all_messages();
    for (const auto& path : all) {
        const std::string text = with_crlf(read_file(path));
        const std::string mine = ours(message::read_structure(text));
        const std::string theirs = gmime(text);
        if (mine != theirs) met[path.filename()] = "ours " + mine + ", GMime's " + theirs;
    }
    MESSAGE((all.size() - met.size()), " of ", all.size(), " trees equal GMime's");
    if (all.empty())
        MESSAGE("mime4j's messages are not there: set PIDGE_SHARED_DATA");
    else
        check_deviations(met, from_gmime);
}

TEST_CASE("our trees are those that mime4j tells, but for named deviations") {
    std::map<std::string, std::string> met;
    const auto all = all_messages();
    for (auto path : all) {
        const std::string name = path.filename();
        const std::string mine = shape(message::read_structure(with_crlf(read_file(path))));
        const std::string theirs = mime4js(read_file(path.replace_extension(".xml")));
        if (mine != theirs) met[name] = "ours " + mine + ", mime4j's " + theirs;
    }
    MESSAGE((all.size() - met.size()), " of ", all.size(), " trees equal mime4j's");
    if (all.empty())
        MESSAGE("mime4j's messages are not there: set PIDGE_SHARED_DATA");
    else
        check_deviations(met, from_mime4j);
}

TEST_CASE("our trees of our own messages are those of GMime") {
    g_mime_init();
    std::uint64_t state = 11;
    const auto below = [&](std::uint32_t n) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::uint32_t>(state >> 33) % n;
    };
    for (int round = 0; round < 500; ++round) {
        // Parts are put into parts from the inside out.
        std::string inner = "Content-Type: text/plain\r\n\r\nbody\r\n";
        for (std::uint32_t depth = below(6); depth > 0; --depth) {
            if (below(4) == 0) {
                inner = "Content-Type: message/rfc822\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\n" +
                        inner;
                continue;
            }
            const std::string boundary =
                "=_" + std::to_string(round) + "." + std::to_string(depth) + "=";
            std::string text =
                "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n";
            for (std::uint32_t n = 1 + below(3); n > 0; --n)
                text += "--" + boundary + "\r\n" +
                        (below(2) == 0 ? inner : "Content-Type: text/html\r\n\r\n-- \r\n--=_\r\n") +
                        "\r\n";
            inner = text + "--" + boundary + "--\r\n";
        }
        const std::string text = "Subject: x\r\nMIME-Version: 1.0\r\n" + inner;
        CHECK(ours(message::read_structure(text)) == gmime(text));
    }
}
