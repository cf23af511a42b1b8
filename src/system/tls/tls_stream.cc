#include "system/tls/tls_stream.h"

#include <openssl/err.h>

#include "base/check.h"
#include "system/net/gone.h"
#include "system/tls/limits.h"
#include "system/tls/openssl.h"

namespace pidge::tls {

using net::Gone;
using net::Task;

// OpenSSL's view of the buffers of a TlsStream.
struct BufferBio {
    static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, std::size_t size, std::size_t* taken) {
        TlsStream& self = stream(bio);
        BIO_clear_retry_flags(bio);
        *taken = std::min(size, self.incoming_end_ - self.incoming_begin_);
        if (*taken == 0) {
            if (!self.is_at_end_) BIO_set_retry_read(bio);
            return 0;
        }
        std::memcpy(into, self.incoming_.get() + self.incoming_begin_, *taken);
        self.incoming_begin_ += *taken;
        return 1;
    }

    static int write(BIO* bio, const char* from, std::size_t size, std::size_t* taken) {
        BIO_clear_retry_flags(bio);
        stream(bio).outgoing_.append(from, size);
        *taken = size;
        return 1;
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command == BIO_CTRL_EOF) return stream(bio).is_at_end_ ? 1 : 0;
        return 0;
    }

    static BIO_METHOD* method() {
        static BIO_METHOD* const instance = [] {
            BIO_METHOD* const made =
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream buffers");
            need_memory(made != nullptr);
            BIO_meth_set_read_ex(made, read);
            BIO_meth_set_write_ex(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return instance;
    }
};

TlsStream::TlsStream(std::unique_ptr<net::Stream> lower, SslPtr ssl)
    : lower_(std::move(lower)), ssl_(std::move(ssl)) {
    BIO* const bio = BIO_new(BufferBio::method());
    need_memory(bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() = default;

void TlsStream::set_place(std::unique_ptr<SessionPlace> place) {
    place_ = std::move(place);
    set_session_place(ssl_.get(), place_.get());
}

void TlsStream::throw_failure(const std::string& reason) const {
    if (is_at_end_)
        throw Gone(Gone::Why::closed, "the peer ended the connection without close_notify");
    throw Gone(Gone::Why::tls, "TLS: " + reason);
}

Task<void> TlsStream::handshake() {
    for (;;) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        const int error = SSL_get_error(ssl_.get(), result);
        if (result == 1) break;
        if (error != SSL_ERROR_WANT_READ) {
            is_failed_ = true;
            std::string reason = take_error();
            const long verified = SSL_get_verify_result(ssl_.get());
            if (SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE && verified != X509_V_OK)
                reason += std::string(": ") + X509_verify_cert_error_string(verified);
            co_await flush_alert();
            throw_failure(reason);
        }
        co_await flush();
        co_await fill();
    }
    co_await flush();
}

Task<std::size_t> TlsStream::read_some(std::span<char> into) {
    for (;;) {
        std::size_t n = 0;
        ERR_clear_error();
        const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
        const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
        if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ &&
            error != SSL_ERROR_ZERO_RETURN) {
            is_failed_ = true;
            const std::string reason = take_error();
            co_await flush_alert();
            throw_failure(reason);
        }
        if (incoming_begin_ == incoming_end_) incoming_.reset();
        // RFC 8446 §4.6.3: an update of keys may have to be answered.
        if (!outgoing_.empty() && !is_flushing_) co_await flush();
        if (result == 1) co_return n;
        if (error == SSL_ERROR_ZERO_RETURN) co_return 0;
        co_await fill();
    }
}

// What has come off the socket only: whether the rest is data or a message of TLS itself cannot be
// told without waiting for all of it.
bool TlsStream::has_input() {
    if (SSL_pending(ssl_.get()) > 0) return true;
    if (incoming_begin_ == incoming_end_ || is_failed_) return false;
    char octet = 0;
    std::size_t n = 0;
    ERR_clear_error();
    const bool is_there = SSL_peek_ex(ssl_.get(), &octet, 1, &n) == 1;
    ERR_clear_error();
    return is_there;
}

Task<void> TlsStream::wait_readable() {
    if (incoming_begin_ < incoming_end_ || SSL_pending(ssl_.get()) > 0 || is_at_end_) co_return;
    co_await lower_->wait_readable();
}

Task<void> TlsStream::fill() {
    check(incoming_begin_ == incoming_end_, "ciphertext left over");
    if (is_at_end_) co_return;
    co_await lower_->wait_readable();
    incoming_ = std::make_unique_for_overwrite<char[]>(limits::read_buffer_octets);
    incoming_begin_ = incoming_end_ = 0;
    const std::span into(incoming_.get(), limits::read_buffer_octets);
    const std::size_t n = co_await lower_->read_some(into);
    incoming_end_ = n;
    is_at_end_ = n == 0;
}

Task<void> TlsStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        if (is_failed_) throw Gone(Gone::Why::tls, "TLS failed before");
        const std::size_t most = std::min(bytes.size(), limits::record_octets);
        std::size_t n = 0;
        ERR_clear_error();
        if (SSL_write_ex(ssl_.get(), bytes.data(), most, &n) != 1) {
            is_failed_ = true;
            throw_failure(take_error());
        }
        bytes.remove_prefix(n);
        if (outgoing_.size() >= limits::write_gather_octets) co_await flush();
    }
    co_await flush();
}

// Reader and writer may both have something to send; one sends, the other waits for it.
Task<void> TlsStream::flush() {
    while (is_flushing_) co_await flushed_.wait();
    if (outgoing_.empty()) co_return;
    struct Flushing {
        TlsStream& self;
        ~Flushing() {
            self.is_flushing_ = false;
            self.flushed_.notify_all();
        }
    };
    is_flushing_ = true;
    const Flushing flushing{*this};
    while (!outgoing_.empty()) {
        const std::string sending = std::exchange(outgoing_, {});
        co_await lower_->write(sending);
    }
}

// The alert goes out if it can; what matters is why the connection fails.
Task<void> TlsStream::flush_alert() {
    try {
        co_await flush();
    } catch (const Gone&) {
    }
}

Task<void> TlsStream::shutdown() {
    try {
        if (!is_failed_ && SSL_is_init_finished(ssl_.get())) {
            ERR_clear_error();
            SSL_shutdown(ssl_.get());
            ERR_clear_error();
        }
        co_await flush();
    } catch (const Gone&) {
        // There is nobody to say goodbye to.
    }
    co_await lower_->shutdown();
}

}  // namespace pidge::tls
