// Result<T>: a T, or the reason why the peer or user cannot have it (a Refusal).
//
// Three kinds of failure, three means (never two means for one kind):
//  - the peer or user is wrong: a Refusal in a Result; one function of each protocol replies by it
//  - a connection or service is gone: an exception (net::Gone, store::Fault), caught once per job
//  - we are wrong: check() (base/check.h)
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace pidge {

// RFC 3463 §2: class (2, 4, 5) . subject . detail
struct EnhancedStatus {
    std::uint8_t klass = 5;
    std::uint16_t subject = 0;
    std::uint16_t detail = 0;

    friend bool operator==(const EnhancedStatus&, const EnhancedStatus&) = default;
    std::string text() const;  // "5.7.1"
};

struct Refusal {
    enum class Kind : std::uint8_t {
        syntax,       // cannot be read
        sequence,     // not allowed in this state
        unsupported,  // understood, not offered
        policy,       // understood, not permitted
        not_found,    // names what does not exist
        conflict,     // exists already, or changed meanwhile
        limit,        // over a size, count or rate limit
        credentials,  // who you are was not proven
        temporary,    // not now; the same request may succeed later
    };

    Kind kind = Kind::syntax;
    std::string text;  // a sentence for a person: what is wrong and how to mend it
    EnhancedStatus status{5, 0, 0};
    std::uint16_t reply_code =
        0;             // SMTP reply code where the RFC fixes one; 0: follows from kind and status
    std::string code;  // short stable code of a policy refusal, for example "SND-OWN"; may be empty

    friend bool operator==(const Refusal&, const Refusal&) = default;
};

template <typename T = void>
class [[nodiscard]] Result : public std::expected<T, Refusal> {
    using Base = std::expected<T, Refusal>;

 public:
    using Base::Base;
    using Base::operator=;
    Result(Refusal refusal) : Base(std::unexpect, std::move(refusal)) {}
    Result(std::unexpected<Refusal> refusal) : Base(std::move(refusal)) {}
};

// The refusal of a failed Result, to hand on from a function that returns another Result type.
template <typename T>
std::unexpected<Refusal> refusal_of(Result<T>&& failed) {
    return std::unexpected<Refusal>(std::move(failed).error());
}

namespace detail {
template <typename T>
T take(Result<T>&& good) {
    return *std::move(good);
}
inline void take(Result<void>&&) {}
}  // namespace detail

}  // namespace pidge

// TRY(expression): the value of a Result, or leave the function with its refusal. CO_TRY is the
// same for coroutines; use it as a whole statement or as the whole right side of a declaration,
// never inside a larger expression.
#define TRY(expression)                                                       \
    ({                                                                        \
        auto try_result_ = (expression);                                      \
        if (!try_result_) return ::pidge::refusal_of(std::move(try_result_)); \
        ::pidge::detail::take(std::move(try_result_));                        \
    })
#define CO_TRY(expression)                                                       \
    ({                                                                           \
        auto try_result_ = (expression);                                         \
        if (!try_result_) co_return ::pidge::refusal_of(std::move(try_result_)); \
        ::pidge::detail::take(std::move(try_result_));                           \
    })
