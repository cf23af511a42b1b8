#include "system/http/router.h"

#include "base/text.h"

namespace pidge::http {

bool Router::Route::matches(const std::string& asked) const {
    if (!is_folder) return asked == path;
    return asked.starts_with(path) || asked + "/" == path;
}

Router& Router::on(std::string method, std::string path, Handler handler) {
    const bool is_folder = path.ends_with("/*");
    if (is_folder) path.pop_back();
    routes_.push_back({std::move(method), std::move(path), is_folder, std::move(handler)});
    return *this;
}

net::Task<ServerResponse> Router::operator()(ServerRequest request) const {
    std::size_t longest = 0;
    for (const Route& route : routes_)
        if (route.matches(request.path))
            longest = std::max(longest, route.path.size() + (route.is_folder ? 0 : 1));
    const Route* found = nullptr;
    std::vector<std::string> allowed;
    for (const Route& route : routes_) {
        if (!route.matches(request.path) ||
            route.path.size() + (route.is_folder ? 0 : 1) != longest)
            continue;
        allowed.push_back(route.method);
        if (route.method == request.method || (route.method == "GET" && request.method == "HEAD"))
            found = &route;
    }
    if (found) co_return co_await found->handler(std::move(request));
    if (allowed.empty()) co_return text_response(404, "There is nothing here.");
    Response response = text_response(405, "This cannot be done here.");
    response.fields.set("Allow", text::join(allowed, ", "));
    co_return response;
}

}  // namespace pidge::http
