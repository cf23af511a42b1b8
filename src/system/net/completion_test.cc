#include "system/net/completion.h"

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "system/net/blocking.h"

using namespace pidge;

namespace {

using Number = std::shared_ptr<net::Completion<int>>;

net::Task<void> add_to(Number number, int* sum) {
    const int value = co_await number->wait();
    *sum += value;
}

net::Task<void> throwing(Number number) {
    co_await number->wait();
    throw std::runtime_error("the task failed");
}

}  // namespace

TEST_CASE("A value that is there before the wait is taken without waiting") {
    const auto number = std::make_shared<net::Completion<int>>();
    number->complete(7);
    CHECK(net::run_blocking(number->wait()) == 7);
}

TEST_CASE(
    "A value comes from another thread while the coroutine waits, and the event loop stays for "
    "it") {
    const auto number = std::make_shared<net::Completion<int>>();
    std::thread other([number] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        number->complete(8);
    });
    CHECK(net::run_blocking(number->wait()) == 8);
    other.join();
}

TEST_CASE("A failure is thrown where the coroutine waits") {
    const auto number = std::make_shared<net::Completion<int>>();
    number->fail(std::make_exception_ptr(std::runtime_error("no")));
    CHECK_THROWS_AS(net::run_blocking(number->wait()), std::runtime_error);
}

TEST_CASE("Many completions of one Wakes reach all their coroutines") {
    std::vector<Number> numbers;
    std::vector<net::Task<void>> tasks;
    int sum = 0;
    for (int i = 0; i < 1000; ++i) {
        numbers.push_back(std::make_shared<net::Completion<int>>());
        tasks.push_back(add_to(numbers.back(), &sum));
    }
    std::thread other([numbers] {
        for (std::size_t i = 0; i < numbers.size();) {
            net::Wakes wakes;
            for (const std::size_t end = i + 37; i < end && i < numbers.size(); ++i)
                numbers[i]->complete(1, wakes);
        }
    });
    net::run_blocking(std::move(tasks));
    CHECK(sum == 1000);
    other.join();
}

TEST_CASE("A coroutine that fails does not keep the others of its round from going on") {
    std::vector<Number> numbers;
    std::vector<net::Task<void>> tasks;
    int sum = 0;
    for (int i = 0; i < 3; ++i) {
        numbers.push_back(std::make_shared<net::Completion<int>>());
        tasks.push_back(i == 0 ? throwing(numbers.back()) : add_to(numbers.back(), &sum));
    }
    std::thread other([numbers] {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        net::Wakes wakes;
        for (const Number& number : numbers) number->complete(1, wakes);
    });
    CHECK_THROWS_AS(net::run_blocking(std::move(tasks)), std::runtime_error);
    CHECK(sum == 2);
    other.join();
}
