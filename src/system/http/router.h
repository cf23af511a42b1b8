// Router: which handler answers a request, by method and path. Filled at the start, then constant:
// any thread.
#pragma once

#include <string>
#include <vector>

#include "system/http/server.h"

namespace pidge::http {

class Router {
 public:
    // A path that ends in "/*" stands for everything below it (and the folder itself); the longest
    // match wins. GET handlers answer HEAD too.
    Router& on(std::string method, std::string path, Handler handler);

    // 404 for an unknown path, 405 with Allow for an unknown method of a known one.
    net::Task<ServerResponse> operator()(ServerRequest request) const;

 private:
    struct Route {
        std::string method, path;  // the path without "*" where it stands for a folder
        bool is_folder;
        Handler handler;

        bool matches(const std::string& asked) const;
    };
    std::vector<Route> routes_;
};

}  // namespace pidge::http
