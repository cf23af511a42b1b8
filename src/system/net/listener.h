// Listener: accepts connections and hands them in turn to the loops, within the limits of an
// Admission.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "system/net/admission.h"
#include "system/net/listen_socket.h"
#include "system/net/stream.h"

namespace pidge::net {

class Loop;

class Listener {
 public:
    // Called once per connection, on the loop of its stream; the task it returns is spawned and
    // owns the stream.
    using Handler = std::function<Task<void>(std::unique_ptr<Stream>)>;

    struct Options {
        std::string name;  // of the service, for log and metrics: "submission"
        // Limits and counts; may be shared by several listeners.
        std::shared_ptr<Admission> admission = Admission::create({});
        // What a connection over a limit gets before it is closed, in plain text; may be empty. For
        // SMTP a 421 reply.
        std::string busy_reply;
    };

    // Begins to accept on loops[0]. The loops outlive the listener's connections. Whatever the
    // handler refers to, too.
    Listener(ListenSocket socket, std::vector<Loop*> loops, Options options, Handler handler);
    // stop()
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Accepts no more and closes the socket, soon; open connections stay. Any thread; idempotent.
    void stop();

    Endpoint endpoint() const;
    const std::string& text() const;
    const Admission& admission() const;

 private:
    struct Core;
    std::shared_ptr<Core> core_;
};

}  // namespace pidge::net
