#include "program/command/password.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "program/command/call.h"
#include "system/crypto/limits.h"
#include "system/net/owned_fd.h"

namespace pidge::command {
namespace {

constexpr std::size_t octets_max = crypto::limits::password_bytes_max;

// One line, without its end; what follows it is left alone.
Result<crypto::Secret> read_line(int fd, const std::string& from) {
    Bytes line;
    for (char c = 0;;) {
        const ssize_t got = ::read(fd, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return usage(fmt::format("The password cannot be read from {}: {}.", from,
                                     std::generic_category().message(errno)));
        if (got == 0 || c == '\n') break;
        if (line.size() >= octets_max) {
            crypto::wipe(line);
            return usage(fmt::format("A password has at most {} octets.", octets_max));
        }
        line += c;
    }
    if (line.ends_with('\r')) line.pop_back();
    return crypto::Secret::take(line);
}

class Terminal {
 public:
    Terminal() : fd_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) {}

    bool is_there() const { return fd_.get() >= 0; }

    Result<crypto::Secret> ask(std::string_view question) {
        termios before{};
        const bool has_echo = ::tcgetattr(fd_.get(), &before) == 0;
        termios silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        // Silence comes before the question: the flush would take a quick answer with it, and the
        // terminal would show its first letters.
        if (has_echo) ::tcsetattr(fd_.get(), TCSAFLUSH, &silent);
        say(question);
        auto line = read_line(fd_.get(), "the terminal");
        if (has_echo) ::tcsetattr(fd_.get(), TCSADRAIN, &before);
        say("\n");
        return line;
    }

 private:
    void say(std::string_view text) {
        [[maybe_unused]] const ssize_t done = ::write(fd_.get(), text.data(), text.size());
    }
    net::OwnedFd fd_;
};

Result<crypto::Secret> from_file(const std::string& path) {
    const net::OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0)
        return usage(
            fmt::format("{} cannot be read: {}.", path, std::generic_category().message(errno)));
    struct stat status{};
    const bool is_open_to_all =
        ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0;
    if (is_open_to_all)
        return usage(fmt::format("Others on this machine may read {}: chmod 600 it first.", path));
    return read_line(fd.get(), path);
}

Result<crypto::Secret> from_terminal(Prompt prompt) {
    Terminal terminal;
    if (!terminal.is_there()) {
        if (prompt == Prompt::only_asked) return crypto::Secret();
        return usage(
            "There is no terminal to ask for the password: use --password-stdin or "
            "--password-file.");
    }
    auto first = TRY(terminal.ask("Password: "));
    const auto second = TRY(terminal.ask("Once more: "));
    if (first.bytes() != second.bytes()) return usage("The two are not the same.");
    return first;
}

}  // namespace

std::vector<Argument> password_arguments() {
    return {{.name = "--password-file",
             .help = "Take the password from the first line of a file "
                     "that only you can read."},
            {.name = "--password-stdin",
             .kind = Argument::Kind::flag,
             .help = "Take the password from the first line of standard input."},
            {.name = "--password", .is_hidden = true}};
}

Result<crypto::Secret> read_password(const Given& given, Prompt prompt) {
    if (given.has("--password"))
        return usage(
            "A password on the command line can be read by every process of this machine "
            "and stays in the shell's history. Leave it out to be asked for it, or use "
            "--password-stdin or --password-file.");
    if (given.has("--password-file") && given.has("--password-stdin"))
        return usage("Take the password from a file or from standard input, not from both.");
    if (given.has("--password-file")) return from_file(given.text("--password-file"));
    if (given.has("--password-stdin")) return read_line(STDIN_FILENO, "standard input");
    return from_terminal(prompt);
}

}  // namespace pidge::command
