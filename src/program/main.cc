// The program: everything is told on the command line.
#include <fcntl.h>

#include <cerrno>
#include <string>
#include <vector>

#include "program/command/run.h"
#include "program/command/verb.h"

namespace {

// Whoever started us may have closed some of the standard streams. The next file to be opened, an
// archive or the store's own, would take such a number, and what is said would be written into it.
// What takes the place of standard output cannot be written either, so that a lost answer is told.
bool fill_standard_streams() {
    for (const int fd : {0, 1, 2}) {
        if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        // The lowest free number is this one.
        if (::open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd) return false;
    }
    return true;
}

}  // namespace

int main(int count, char** words) {
    if (!fill_standard_streams()) return static_cast<int>(pidge::command::Exit::unavailable);
    return pidge::command::run(std::vector<std::string>(words + 1, words + count));
}
