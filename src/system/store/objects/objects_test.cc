// Signatures, listings, references; and the bucket against a stand-in that checks every request.
#include <doctest/doctest.h>

#include <thread>

#include "system/store/blob_record.h"
#include "system/store/objects/advice.h"
#include "system/store/objects/bucket.h"
#include "system/store/objects/listing.h"
#include "system/store/objects/reference.h"
#include "system/store/objects/signature.h"
#include "system/store/objects/testing/test_bucket.h"

using namespace pidge;
using namespace pidge::store;

namespace {

WallTime aws_example_time() {
    return WallTime(std::chrono::sys_days(std::chrono::year(2013) / 5 / 24));
}

std::string signature_of(const SignedRequest& request) {
    // The key of the examples in the documentation of the service.
    const http::Fields fields = sign(request,
                                     {.access_key = "AKIAIOSFODNN7EXAMPLE",
                                      .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                      .region = "us-east-1"},
                                     aws_example_time());
    const std::string all(fields.find("Authorization").value());
    CHECK(
        all.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                        "aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
                        "Signature="));
    return all.substr(all.rfind('=') + 1);
}

}  // namespace

TEST_CASE("Signatures are those of the examples in the service's documentation") {
    const SignedRequest lifecycle{.method = "GET",
                                  .host = "examplebucket.s3.amazonaws.com",
                                  .path = "/",
                                  .query = {{"lifecycle", ""}},
                                  .body = {}};
    CHECK(signature_of(lifecycle) ==
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    const SignedRequest list{.method = "GET",
                             .host = "examplebucket.s3.amazonaws.com",
                             .path = "/",
                             .query = {{"prefix", "J"}, {"max-keys", "2"}},
                             .body = {}};
    CHECK(signature_of(list) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    CHECK(escaped_target(list) == "/?max-keys=2&prefix=J");
    const SignedRequest odd{.method = "GET",
                            .host = "h",
                            .path = "/a b/~c+\xc3\xa4",
                            .query = {{"x/y", "1 2"}},
                            .body = {}};
    CHECK(escaped_target(odd) == "/a%20b/~c%2B%C3%A4?x%2Fy=1%202");
}

TEST_CASE("A listing gives its names and how to go on, and what is none is refused") {
    const auto page = read_listing(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>true</IsTruncated>"
        "<Contents><Key>a/b&amp;c</Key><Size>3</Size></Contents>\n<Contents><Key>d</Key></Contents>"
        "<NextContinuationToken>t&quot;1</NextContinuationToken></ListBucketResult>");
    REQUIRE(page);
    CHECK(page->names == std::vector<std::string>{"a/b&c", "d"});
    CHECK(page->next == "t\"1");
    const auto empty = read_listing(
        "<ListBucketResult><IsTruncated>false</IsTruncated><Prefix></Prefix></ListBucketResult>");
    REQUIRE(empty);
    CHECK(empty->names.empty());
    CHECK(empty->next.empty());
    CHECK_FALSE(read_listing(""));
    CHECK_FALSE(read_listing("<Error><Code>AccessDenied</Code></Error>"));
    CHECK_FALSE(read_listing("<ListBucketResult><IsTruncated>true</IsTruncated>"));
    CHECK(read_listing("<ListBucketResult><Key>cut of")->names.empty());
}

TEST_CASE("A reference knows its octets, and no chunk is taken for one") {
    const Bytes chunk = write_chunk(std::string(1000, 'x'));
    const Bytes value = write_reference(chunk).value();
    const auto reference = read_reference(value);
    REQUIRE(reference);
    CHECK(reference->fits(chunk));
    CHECK_FALSE(reference->fits(chunk.substr(1)));
    Bytes altered = chunk;
    altered.back() ^= 1;
    CHECK_FALSE(reference->fits(altered));
    CHECK_FALSE(read_reference(chunk));
    // Chunks of the size of a reference that begin like one: only where the checksum does not fit.
    CHECK_FALSE(read_chunk(value));
    CHECK_FALSE(read_reference(write_chunk("ect12345678")));
    CHECK_FALSE(read_reference(""));

    const Bytes key = upload_chunk_key(Bytes(16, '\x01'), 258);
    CHECK(object_name(key) == "01010101010101010101010101010101/00000102");
    CHECK(chunk_key_of(*object_name(key)) == key);
    CHECK(upload_chunk_number(key) == 258);
    CHECK_FALSE(object_name(pending_key(Bytes(16, '\x01'))));
    CHECK_FALSE(object_name(inline_chunk_key({})));
    for (const char* other : {"", "check-1", "0101010101010101010101010101010x/00000102"})
        CHECK_FALSE(chunk_key_of(other));
}

TEST_CASE("Objects are put, given, listed page by page and removed") {
    const TestBucket stand_in;
    Bucket bucket(stand_in.options());
    CHECK(bucket.try_out() == "");
    const Bytes octets(300'000, 'o');
    bucket.put("a/1", octets);
    bucket.put("a/2", "two & <2>");
    bucket.put("empty", "");
    CHECK((bucket.get("a/1", octets.size()) == octets));
    CHECK(bucket.get("a/2", 100) == "two & <2>");
    CHECK(bucket.get("empty", 100) == "");
    CHECK_FALSE(bucket.get("a/3", 100));
    CHECK(bucket.list({}).names == std::vector<std::string>{"a/1", "a/2", "empty"});
    bucket.erase("a/1");
    bucket.erase("a/1");
    CHECK(bucket.list({}).names == std::vector<std::string>{"a/2", "empty"});
}

TEST_CASE("A request that fails in passing is repeated") {
    const TestBucket stand_in;
    Bucket bucket(stand_in.options());
    stand_in.order("500 cut");
    bucket.put("a", "octets");
    stand_in.order("500 cut");
    CHECK(bucket.get("a", 100) == "octets");
    stand_in.order("cut 500");
    bucket.erase("a");
    CHECK_FALSE(bucket.get("a", 100));
}

TEST_CASE("Only the store itself can say that an object is not there") {
    const TestBucket stand_in;
    Bucket bucket(stand_in.options());
    CHECK_FALSE(bucket.get("a", 100));
    stand_in.order("404");
    CHECK_THROWS_AS(bucket.get("a", 100), Fault);
    auto options = stand_in.options();
    options.bucket = "other";
    CHECK_THROWS_AS(Bucket(options).get("a", 100), Fault);
}

TEST_CASE("What a store or the network says has its advice") {
    for (const auto& [why, word] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"HTTP 403 RequestTimeTooSkewed", "NTP"},
             {"HTTP 403 SignatureDoesNotMatch", "secret_file"},
             {"HTTP 404 NoSuchBucket", "Make the bucket"},
             {"s3: SSL certificate problem: unable to get local issuer certificate", "authorities"},
             {"s3: Could not resolve host: s3", "DNS"},
             {"s3: Failed to connect to s3 port 443", "runs"},
             {"HTTP 418", "objects.endpoint"}}) {
        CAPTURE(why);
        CHECK(objects_advice(why).find(word) != std::string::npos);
    }
}

TEST_CASE("A bucket that is away is told at once, and found again") {
    const TestBucket stand_in;
    Bucket bucket(stand_in.options());
    bucket.put("a", "octets");
    stand_in.order("down");
    for (int i = 0; i < 3; ++i) {
        try {
            bucket.get("a", 100);
            FAIL("an answer from nobody");
        } catch (const Fault& fault) {
            CHECK(fault.why == Fault::Why::unavailable);
        }
    }
    stand_in.order("up");
    std::optional<Bytes> got;
    while (!got) {
        try {
            got = bucket.get("a", 100);
        } catch (const Fault&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    CHECK(got == "octets");
}

TEST_CASE("A wrong key, bucket or address is told in words") {
    const TestBucket stand_in;
    auto options = stand_in.options();
    options.key.secret = "wrong";
    CHECK(Bucket(options).try_out().find("SignatureDoesNotMatch") != std::string::npos);
    options = stand_in.options();
    options.bucket = "other";
    CHECK(Bucket(options).try_out().find("NoSuchBucket") != std::string::npos);
    options.endpoint = "http://127.0.0.1:1";
    CHECK_FALSE(Bucket(options).try_out().empty());
}
