// run: the whole command line, from its words to the exit code.
#pragma once

#include <string>
#include <vector>

namespace pidge::command {

// `words`: without the name of the program.
int run(std::vector<std::string> words);

}  // namespace pidge::command
