// Client: how a command reaches the site: through the control socket of the running server, or,
// when none runs, by opening the store itself and calling the same Api.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "formats/json/value.h"
#include "program/config/config.h"
#include "system/store/store.h"

namespace pidge::client {

class Client {
 public:
    virtual ~Client() = default;

    // A whole JMAP request. Refuses with kind temporary when nobody answers.
    virtual Result<json::Value> request(json::Value request) = 0;
    virtual bool is_server() const = 0;
};

// Decides which of the two it is. Refuses (temporary) when neither can be had, with what to do.
Result<std::unique_ptr<Client>> connect(const config::Config& config);
// The running server only.
Result<std::unique_ptr<Client>> connect_server(const config::Config& config);

// The store itself, for what works on all of it. An embedded one is refused while a server runs on
// it; one that several nodes share can be read meanwhile, and is refused for writing.
enum class Use : std::uint8_t { reading, writing };
Result<std::unique_ptr<store::Store>> open_whole_store(const config::Config& config, Use use);
// Records in the audit trail that this user does something to the whole store; durable when it
// returns.
Result<> record_direct(const config::Config& config, store::Store& store, std::string what,
                       std::string details);

}  // namespace pidge::client
