// Archives as files: written beside their name and moved there when they are whole, so that a file
// of that name is never a part of one. "-" is standard output and standard input.
//
// Files are for their owner only: an archive holds everybody's mail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace pidge::command {

class OutputFile {
 public:
    // Refuses when there is a file of that name already, or one is being written.
    static Result<OutputFile> create(const std::string& path);
    ~OutputFile();  // without keep(): removes what was written
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;

    void write(std::string_view octets);  // throws store::Fault
    void keep();                          // on disk, under its name; throws store::Fault

 private:
    OutputFile(std::string path, std::string partial, int fd);
    std::string path_, partial_;  // empty: standard output
    int fd_ = -1;
};

class InputFile {
 public:
    static Result<InputFile> open(const std::string& path);
    ~InputFile();
    InputFile(InputFile&& other) noexcept;
    InputFile& operator=(InputFile&&) = delete;

    Bytes read(std::size_t count);  // empty: at the end; throws store::Fault
    // Of a file that can be read twice; nullopt: of a pipe.
    std::optional<std::uint64_t> size_bytes() const { return size_bytes_; }
    void rewind();

 private:
    explicit InputFile(int fd) : fd_(fd) {}
    int fd_ = -1;
    std::optional<std::uint64_t> size_bytes_;
};

}  // namespace pidge::command
