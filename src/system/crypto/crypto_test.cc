#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <type_traits>

#include "base/text.h"
#include "system/crypto/derive.h"
#include "system/crypto/digest.h"
#include "system/crypto/limits.h"
#include "system/crypto/password.h"
#include "system/crypto/secret.h"
#include "system/crypto/secret_file.h"

using namespace pidge;

namespace {

Bytes from_hex(std::string_view text) {
    return text::from_hex(text).value();
}
std::string hex(const crypto::Digest& digest) {
    return text::hex(crypto::bytes_of(digest));
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-4") {
    CHECK(hex(crypto::sha256("")) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex(crypto::sha256("abc")) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(crypto::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hex(crypto::sha256(std::string(1'000'000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("A digest does not depend on how the bytes were cut, and its object can be used again") {
    const std::string text(100'003, 'q');
    crypto::Sha256 sum;
    for (std::size_t at = 0, length = 1; at < text.size(); at += length, length = length * 2 + 1)
        sum.update(std::string_view(text).substr(at, length));
    CHECK(sum.finish() == crypto::sha256(text));
    sum.update("abc");
    crypto::Sha256 moved = std::move(sum);
    CHECK(moved.finish() == crypto::sha256({"a", "", "bc"}));
}

TEST_CASE("Each thread has a digest context of its own") {
    const crypto::Digest expected = crypto::sha256("pigeon");
    std::vector<int> right(4);
    std::vector<std::thread> threads;
    for (int& count : right)
        threads.emplace_back([&count, &expected] {
            for (int i = 0; i < 2000; ++i) count += crypto::sha256("pigeon") == expected ? 1 : 0;
        });
    for (auto& thread : threads) thread.join();
    for (const int count : right) CHECK(count == 2000);
}

TEST_CASE("HMAC-SHA-256 gives the values of RFC 4231 section 4") {
    CHECK(hex(crypto::hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hex(crypto::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hex(crypto::hmac_sha256(std::string(131, '\xaa'),
                                  "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hex(crypto::hmac_sha256("", "")) ==
          "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("PBKDF2 gives the value of RFC 7914 section 11 and the salted password of RFC 7677") {
    CHECK(hex(crypto::pbkdf2_sha256("passwd", "salt", 1)) ==
          "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    // RFC 7677 §3: the proof of the example follows from the salted password.
    const auto salted = crypto::pbkdf2_sha256(
        "pencil", text::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").value(), 4096);
    const auto client_key = crypto::hmac_sha256(crypto::bytes_of(salted), "Client Key");
    const auto stored_key = crypto::sha256(crypto::bytes_of(client_key));
    const auto signature = crypto::hmac_sha256(
        crypto::bytes_of(stored_key),
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    Bytes proof;
    for (std::size_t i = 0; i < signature.size(); ++i)
        proof += static_cast<char>(client_key[i] ^ signature[i]);
    CHECK(text::base64(proof) == "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
}

TEST_CASE("HKDF gives the values of RFC 5869 appendix A") {
    CHECK(text::hex(crypto::hkdf_sha256(Bytes(22, '\x0b'), from_hex("000102030405060708090a0b0c"),
                                        from_hex("f0f1f2f3f4f5f6f7f8f9"), 42)) ==
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    CHECK(text::hex(crypto::hkdf_sha256(Bytes(22, '\x0b'), "", "", 42)) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("Comparison in constant time tells equal from unequal") {
    CHECK(crypto::constant_time_equals("", ""));
    CHECK(crypto::constant_time_equals("secret", "secret"));
    CHECK_FALSE(crypto::constant_time_equals("secret", "secreT"));
    CHECK_FALSE(crypto::constant_time_equals("secret", "secret "));
    CHECK_FALSE(crypto::constant_time_equals("", "x"));
}

TEST_CASE("A password matches its own hash only, and two hashes of it differ") {
    const Bytes hash = crypto::hash_password("correct horse").value();
    CHECK(hash.starts_with("$argon2id$v=19$m=32768,t=3,p=1$"));
    CHECK(hash != crypto::hash_password("correct horse").value());
    CHECK(crypto::verify_password(hash, "correct horse").value() == crypto::PasswordMatch::yes);
    CHECK(crypto::verify_password(hash, "correct hors").value() == crypto::PasswordMatch::no);
    CHECK(crypto::verify_password(hash, std::string_view("correct horse\0", 14)).value() ==
          crypto::PasswordMatch::no);
}

TEST_CASE(
    "A hash of the reference implementation matches, and is to be made anew with our limits") {
    const std::string_view hash =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    CHECK(crypto::verify_password(hash, "password").value() == crypto::PasswordMatch::yes_rehash);
    CHECK(crypto::verify_password(hash, "differentpassword").value() == crypto::PasswordMatch::no);
}

TEST_CASE("Hashes that are broken or ask for too much match nothing") {
    for (const std::string_view hash :
         {"", "x", "$argon2id$v=19$m=32768,t=3,p=1$",
          "$argon2i$v=19$m=32768,t=3,p=1$c2FsdHNhbHQ$aGFzaA",
          "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2g",
          "$argon2id$v=19$m=8192,t=4000000000,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2g",
          "$argon2id$v=19$m=99999999999999999999,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2g"}) {
        CAPTURE(hash);
        CHECK(crypto::verify_password(hash, "x").value() == crypto::PasswordMatch::no);
    }
}

TEST_CASE("A password beyond the limit is refused, and never matches") {
    const std::string long_password(crypto::limits::password_bytes_max + 1, 'p');
    CHECK(crypto::hash_password(long_password).error().kind == Refusal::Kind::limit);
    const Bytes hash = crypto::hash_password("p").value();
    CHECK(crypto::verify_password(hash, long_password).value() == crypto::PasswordMatch::no);
}

TEST_CASE(
    "Secrets for applications are five groups of five, never alike, and read back as people type "
    "them") {
    const crypto::Secret secret = crypto::app_password_secret();
    const std::string shown(secret.bytes());
    const auto groups = text::split(shown, '-');
    REQUIRE(groups.size() == 5);
    for (const auto group : groups) {
        CHECK(group.size() == 5);
        CHECK(group.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz") ==
              std::string_view::npos);
    }
    CHECK(crypto::app_password_secret().bytes() != shown);
    const std::string normal(crypto::normalised_app_password(shown).bytes());
    CHECK(normal.size() == 25);
    CHECK(crypto::normalised_app_password(" " + text::to_upper(shown) + " ").bytes() == normal);
    CHECK(crypto::normalised_app_password("OoIl-1").bytes() == "00111");
}

TEST_CASE("A secret moves, wipes its source and is copied on purpose only") {
    static_assert(!std::is_copy_constructible_v<crypto::Secret>);
    static_assert(!std::is_copy_assignable_v<crypto::Secret>);
    Bytes source = "hunter2";
    const char* const place = source.data();
    crypto::Secret secret = crypto::Secret::take(source);
    CHECK(source.empty());
    CHECK(std::string_view(place, 7) == std::string_view("\0\0\0\0\0\0\0", 7));
    crypto::Secret moved = std::move(secret);
    CHECK(moved.bytes() == "hunter2");
    CHECK(moved.copy().bytes() == "hunter2");
    CHECK(crypto::Secret::random(32).bytes() != crypto::Secret::random(32).bytes());
}

TEST_CASE("A password is the first line of its file, and the file is not open to everybody") {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("pidge-secret-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const std::string path = folder / "password";
    const auto write = [&](std::string_view text, mode_t mode = 0600) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
        REQUIRE(::chmod(path.c_str(), mode) == 0);
    };
    const auto read = [&] {
        auto secret = crypto::read_secret_file(path);
        return secret ? std::string(secret->bytes()) : "refused: " + secret.error().text;
    };
    write("open sesame");
    CHECK(read() == "open sesame");
    write("open sesame\r\nfor the hub\n", 0640);
    CHECK(read() == "open sesame");
    for (const mode_t mode : {0604, 0602}) {
        write("open sesame\n", mode);
        CHECK(read().starts_with("refused"));
        CHECK(read().find("sesame") == std::string::npos);
    }
    write("\nopen sesame\n");
    CHECK(read().starts_with("refused"));
    write(std::string(crypto::limits::secret_file_octets_max + 1, 'x'));
    CHECK(read().starts_with("refused"));
    std::filesystem::remove(path);
    CHECK(read().find(path) != std::string::npos);
    CHECK_FALSE(crypto::read_secret_file(folder));
    std::filesystem::remove_all(folder);
}
