#include "system/store/objects/advice.h"

#include <array>

namespace pidge::store {

namespace {

struct Advice {
    std::string_view word;
    std::string_view advice;
};

// The first that fits.
constexpr std::array advices{
    Advice{"RequestTimeTooSkewed",
           "The clocks of this machine and of the object store differ by minutes: keep both by "
           "NTP."},
    Advice{"RequestExpired",
           "The clocks of this machine and of the object store differ by minutes: keep both by "
           "NTP."},
    Advice{"SignatureDoesNotMatch",
           "Let objects.secret_file hold the secret that belongs to objects.access_key."},
    Advice{"InvalidAccessKeyId",
           "Let objects.access_key be the id of a key that the object store knows."},
    Advice{"AuthorizationHeaderMalformed",
           "Let objects.region be the region that the object store is in."},
    Advice{"NoSuchBucket",
           "Make the bucket, or correct objects.bucket, or objects.style if the store wants the "
           "bucket's name elsewhere in the address."},
    Advice{"AccessDenied",
           "Let the key put, get, list and delete objects below objects.prefix; see too that its "
           "id and secret are right and that the clocks agree."},
    Advice{"Redirect", "Let objects.endpoint be the address of the region that the bucket is in."},
    Advice{"HTTP 301", "Let objects.endpoint be the address of the region that the bucket is in."},
    Advice{"HTTP 307", "Let objects.endpoint be the address of the region that the bucket is in."},
    Advice{"HTTP 507", "The object store is full: give it room."},
    Advice{"QuotaExceeded", "The bucket is full: let it have more."},
    Advice{"StorageFull", "The object store is full: give it room."},
    Advice{"certificate",
           "Let objects.authorities name the authority of the store's certificate, and "
           "objects.endpoint the host that it was made for."},
    Advice{"wrong version number",
           "The object store speaks no TLS there: correct the port, or write http."},
    Advice{"resolve host",
           "Correct objects.endpoint, or the DNS: with objects.style = \"host\" the name of the "
           "bucket comes in front of the host's."},
    Advice{"onnect", "See that the object store runs, and that objects.endpoint is its address."},
    Advice{"timed out",
           "See that the object store runs and is not overloaded, and the network to it."},
};

}  // namespace

std::string objects_advice(std::string_view why) {
    for (const Advice& each : advices)
        if (why.find(each.word) != std::string_view::npos) return std::string(each.advice);
    return "See that objects.endpoint, bucket and region are right, and that the key may put, get, "
           "list and delete below the prefix.";
}

}  // namespace pidge::store
