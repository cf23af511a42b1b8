#include "program/command/archive_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace pidge::command {
namespace {

class Folder {
 public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "pidge-archive-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }

    std::filesystem::path path;
};

std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("A second archive of the same name leaves the first alone") {
    const Folder folder;
    const std::string path = folder.path / "site.pidge";
    {
        auto first = OutputFile::create(path);
        REQUIRE(first);
        first->write("all of ");
        for (int i = 0; i < 2; ++i) {
            const auto second = OutputFile::create(path);
            REQUIRE_FALSE(second);
            CHECK(second.error().text.find("written by another export") != std::string::npos);
        }
        first->write("it");
        first->keep();
    }
    CHECK(contents(path) == "all of it");
    const auto third = OutputFile::create(path);
    REQUIRE_FALSE(third);
    CHECK(third.error().text.find("exists already") != std::string::npos);
    CHECK(contents(path) == "all of it");
    CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST_CASE("What an export left that was killed is written over") {
    const Folder folder;
    const std::string path = folder.path / "site.pidge";
    std::ofstream(path + ".partial") << "a longer one that was never finished";
    auto file = OutputFile::create(path);
    REQUIRE(file);
    file->write("whole");
    file->keep();
    CHECK(contents(path) == "whole");
}

TEST_CASE("What is not kept is removed, and its name is free again") {
    const Folder folder;
    const std::string path = folder.path / "site.pidge";
    {
        auto file = OutputFile::create(path);
        REQUIRE(file);
        file->write("half");
    }
    CHECK(std::filesystem::is_empty(folder.path));
    CHECK(OutputFile::create(path));
}

TEST_CASE("An archive has a name") {
    const Folder folder;
    std::filesystem::current_path(folder.path);
    CHECK_FALSE(OutputFile::create(""));
    CHECK(std::filesystem::is_empty(folder.path));
    std::filesystem::current_path("/");
}

}  // namespace
}  // namespace pidge::command
