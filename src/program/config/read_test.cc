#include "program/config/read.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "program/config/manual.h"
#include "program/config/option.h"

namespace pidge::config {
namespace {

const std::string folder = PIDGE_SOURCE_DIR "/src/program/config";

std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool is_accepting() {
    return std::getenv("PIDGE_ACCEPT") != nullptr;
}

struct Case {
    std::string name, file, tells;
};

// "=== name", the file, "--- tells", what is told about it.
std::vector<Case> read_cases(const std::string& text) {
    std::vector<Case> cases;
    bool is_told = false;
    for (const std::string_view line : text::split(text, '\n')) {
        if (line.starts_with("=== ")) {
            cases.push_back({.name = std::string(line.substr(4))});
            is_told = false;
        } else if (line == "--- tells") {
            is_told = true;
        } else if (!cases.empty()) {
            (is_told ? cases.back().tells : cases.back().file) += std::string(line) + "\n";
        }
    }
    // The last line end of the golden file ends its last line.
    if (!cases.empty() && cases.back().tells.ends_with("\n\n")) cases.back().tells.pop_back();
    if (!cases.empty() && cases.back().tells == "\n") cases.back().tells.clear();
    return cases;
}

TEST_CASE("Each wrong configuration is told with its place, what is wrong and what to write") {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    const std::string path = folder + "/wrong.golden";
    const std::vector<Case> cases = read_cases(contents(path));
    CHECK(cases.size() >= 25);
    std::string renewed;
    for (const Case& one : cases) {
        CAPTURE(one.name);
        const Reading reading = read_text(one.file, "pidge.toml");
        const std::string tells = text_of(reading.mistakes);
        renewed += "=== " + one.name + "\n" + one.file + "--- tells\n" + tells;
        CHECK_FALSE(reading.mistakes.empty());
        for (const Mistake& mistake : reading.mistakes) CHECK_FALSE(mistake.instead.empty());
        if (!is_accepting()) CHECK(tells == one.tells);
    }
    if (is_accepting()) std::ofstream(path, std::ios::binary) << renewed;
}

TEST_CASE("The sample is right as soon as its credential is there") {
    ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/pidge.service", 1);
    const Reading reading = read_text(sample(), "/etc/pidge/pidge.toml");
    CHECK(text_of(reading.mistakes) == "");
    CHECK(reading.config.listeners.size() == 4);
    CHECK(reading.config.certificates.at(0).key == "/run/credentials/pidge.service/tls.key");
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("The sample shows every option, and those commented out can be taken in") {
    ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/pidge.service", 1);
    std::string all = sample();
    for (const Option& option : options()) {
        CAPTURE(option.name);
        const std::string commented = "\n# " + std::string(option.name) + " = ";
        const std::string set = "\n" + std::string(option.name) + " = ";
        const bool is_shown =
            all.find(commented) != std::string::npos || all.find(set) != std::string::npos;
        CHECK(is_shown);
        const std::size_t at = all.find(commented);
        // Either an address or a socket from systemd.
        if (at != std::string::npos && option.name != "systemd") all.erase(at + 1, 2);
    }
    CHECK(text_of(read_text(all, "/etc/pidge/pidge.toml").mistakes) == "");
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("What is in force, written out, reads as the same again") {
    const std::string text =
        "[site]\nhostname = \"MAIL.Example.org\"\n[[listener]]\nname = \"mx\"\nservice = "
        "\"mx\"\naddress = \"[::]:25\"\nbalancers = [\"192.0.2.0/24\", \"2001:db8::1\"]\n"
        "[relay]\nage_max = \"6 d\"\n[control]\nmode = \"0660\"\n[limits]\nmessage_size = \"100 "
        "MiB\"\n[dns]\nresolvers = [\"192.0.2.53\", \"[2001:db8::53]:5353\"]\nstubs = "
        "[\"Example.NET@127.0.0.1:5353\"]\n";
    const Reading first = read_text(text, "/etc/pidge/pidge.toml");
    REQUIRE(text_of(first.mistakes) == "");
    CHECK(first.config.site.hostname == "mail.example.org");
    CHECK(first.config.limits.message_bytes == 100U << 20);
    CHECK(first.config.control.mode == 0660);
    CHECK(first.config.relay.age_max == std::chrono::days(6));
    CHECK(first.config.dns.resolvers.at(0).text() == "192.0.2.53:53");
    CHECK(first.config.dns.stubs.at(0) == "example.net@127.0.0.1:5353");
    const Reading second = read_text(effective(first.config), "/etc/pidge/pidge.toml");
    CHECK(text_of(second.mistakes) == "");
    CHECK(effective(second.config) == effective(first.config));
}

TEST_CASE("[G8] A host name of other scripts is taken in the form that everybody can read") {
    for (const char* name : {"m\xc3\xa4x.Example.org", "XN--MX-VIA.example.org"}) {
        const Reading reading = read_text("[site]\nhostname = \"" + std::string(name) +
                                              "\"\n[[listener]]\nname = \"mx\"\nservice = "
                                              "\"mx\"\naddress = \"127.0.0.1:2525\"\n",
                                          "/etc/pidge/pidge.toml");
        REQUIRE(text_of(reading.mistakes) == "");
        CHECK(reading.config.site.hostname == "xn--mx-via.example.org");
    }
}

TEST_CASE("Relative paths start at the configuration file") {
    const Reading reading = read_text(
        "[site]\nhostname = \"a.example.org\"\ndata = \"data\"\n[[listener]]\nname = \"mx\"\n"
        "service = \"mx\"\naddress = \"127.0.0.1:2525\"\n[control]\nsocket = \"./x/../c.sock\"\n",
        "/srv/mail/pidge.toml");
    REQUIRE(text_of(reading.mistakes) == "");
    CHECK(reading.config.site.data == "/srv/mail/data");
    CHECK(reading.config.control.socket == "/srv/mail/c.sock");
    CHECK(reading.config.store_path() == "/srv/mail/data/store");
}

TEST_CASE("A file that is not there, or is no file, is told so") {
    CHECK(read_file("/nowhere/pidge.toml").mistakes.at(0).wrong ==
          "the configuration cannot be read: No such file or directory.");
    CHECK(read_file("/").mistakes.at(0).wrong == "this is a folder.");
}

TEST_CASE("Any octets are read or refused, never more") {
    for (int octet = 0; octet < 256; ++octet) {
        const std::string text = "[site]\nhostname = \"a" + std::string(1, char(octet)) + "b.org\"";
        const Reading reading = read_text(text, "pidge.toml");
        CHECK_FALSE(reading.mistakes.empty());
    }
    const std::string deep(100'000, '[');
    CHECK_FALSE(read_text("a = " + deep, "pidge.toml").mistakes.empty());
}

TEST_CASE("docs/configuration.md is that of the options") {
    const std::string path = PIDGE_SOURCE_DIR "/docs/configuration.md";
    if (is_accepting()) std::ofstream(path, std::ios::binary) << manual();
    CHECK(contents(path) == manual());
}

}  // namespace
}  // namespace pidge::config
