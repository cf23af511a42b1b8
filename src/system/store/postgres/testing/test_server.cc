#include "system/store/postgres/testing/test_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/text.h"

namespace pidge::store::postgres {

namespace {

const std::string programs = "/usr/lib/postgresql/15/bin/";

// Runs a program as the user postgres, since the server refuses to run as root; its output goes to
// the file.
pid_t start_program(const std::vector<std::string>& words, const std::string& output) {
    const passwd* const user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
    if (::geteuid() == 0 && !user) throw std::runtime_error("there is no user postgres");
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    ::dup2(fd, 1);
    ::dup2(fd, 2);
    ::setsid();
    if (user && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                 ::setuid(user->pw_uid) != 0))
        ::_exit(126);
    if (::chdir("/") != 0) ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::getppid() != parent) ::_exit(126);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

int finish(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

}  // namespace

TestServer::TestServer() {
    // Short: the path of a socket file ends at 107 octets.
    std::string pattern = "/tmp/pgtest-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    if (const passwd* const user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr)
        if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
            throw std::runtime_error("the temporary directory cannot be given to postgres");
    const std::string log = folder_ + "/log";
    if (finish(start_program({programs + "initdb", "-D", folder_ + "/data", "-U", "postgres", "-A",
                              "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
                             log)) != 0)
        throw std::runtime_error("initdb failed (is postgresql-15 installed?): " + content_of(log));
    start();
}

TestServer::~TestServer() {
    thaw();
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string TestServer::conninfo(std::string_view database) const {
    return fmt::format("host={} user=postgres dbname={}", folder_, database);
}

std::string TestServer::sql(std::string_view statements, std::string_view database) const {
    std::string output = folder_ + "/sql-XXXXXX";
    const int fd = ::mkstemp(output.data());
    ::fchmod(fd, 0666);
    ::close(fd);
    const int status =
        finish(start_program({programs + "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                              conninfo(database), "-c", std::string(statements)},
                             output));
    const std::string said = content_of(output);
    ::unlink(output.c_str());
    if (status != 0) throw std::runtime_error("psql: " + said);
    return said;
}

void TestServer::start() {
    pid_ = start_program({programs + "postgres", "-D", folder_ + "/data", "-k", folder_, "-c",
                          "listen_addresses=", "-c", "fsync=on", "-c", "max_connections=200", "-c",
                          "shared_buffers=64MB", "-c", "log_min_messages=warning"},
                         folder_ + "/log");
    for (int i = 0; i < 600; ++i) {
        try {
            sql("SELECT 1");
            return;
        } catch (const std::runtime_error&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    throw std::runtime_error("the server does not start: " + content_of(folder_ + "/log"));
}

void TestServer::stop() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGQUIT);
    finish(pid_);
    pid_ = -1;
}

// The server's processes are its children.
void TestServer::signal_all(int number) const {
    if (pid_ < 0) return;
    ::kill(pid_, number);
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_))) {
        const std::string children = content_of(task.path().string() + "/children");
        for (const std::string_view word : text::split(children, ' '))
            if (const auto pid = text::parse_u64(word)) ::kill(static_cast<pid_t>(*pid), number);
    }
}

void TestServer::freeze() {
    signal_all(SIGSTOP);
}

void TestServer::thaw() {
    signal_all(SIGCONT);
}

}  // namespace pidge::store::postgres
