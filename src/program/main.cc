// The program: everything is told on the command line.
#include <string>
#include <vector>

#include "program/command/run.h"

int main(int count, char** words) {
    return pidge::command::run(std::vector<std::string>(words + 1, words + count));
}
