// A blocking client connection, in clear or TLS (any certificate will do: only speed is looked at).
// Failures are false or -1; the connection is of no use after one. One thread at a time.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace load {

class Connection {
 public:
    Connection() = default;
    Connection(const Connection&) = delete;
    ~Connection() { close(); }

    bool open(const std::string& host, int port);
    bool secure();
    bool send(std::string_view octets);
    // The code of a whole reply, -1 when the server is gone; its text goes to `text`.
    int reply(std::string* text = nullptr);
    void close();

 private:
    bool read_line(std::string& line);

    int descriptor_ = -1;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, &SSL_free};
    std::string input_;
    std::size_t position_ = 0;
};

}  // namespace load
