#include "formats/tlsrpt/session.h"

#include "base/text.h"
#include "formats/tlsrpt/limits.h"

namespace pidge::tlsrpt {

std::string_view policy_type_name(PolicyType type) {
    switch (type) {
        case PolicyType::none:
            return "no-policy-found";
        case PolicyType::sts:
            return "sts";
        case PolicyType::tlsa:
            return "tlsa";
    }
    return "";
}

std::string_view result_type_name(ResultType type) {
    switch (type) {
        case ResultType::success:
            return "success";
        case ResultType::starttls_not_supported:
            return "starttls-not-supported";
        case ResultType::certificate_host_mismatch:
            return "certificate-host-mismatch";
        case ResultType::certificate_expired:
            return "certificate-expired";
        case ResultType::certificate_not_trusted:
            return "certificate-not-trusted";
        case ResultType::validation_failure:
            return "validation-failure";
        case ResultType::tlsa_invalid:
            return "tlsa-invalid";
        case ResultType::dnssec_invalid:
            return "dnssec-invalid";
        case ResultType::dane_required:
            return "dane-required";
        case ResultType::sts_policy_fetch_error:
            return "sts-policy-fetch-error";
        case ResultType::sts_policy_invalid:
            return "sts-policy-invalid";
        case ResultType::sts_webpki_invalid:
            return "sts-webpki-invalid";
    }
    return "";
}

Result certificate_result(std::string_view error) {
    const auto says = [error](std::string_view words) {
        return error.find(words) != std::string_view::npos;
    };
    Result result{ResultType::validation_failure, text::printable(error, reason_octets_max)};
    if (says("hostname mismatch") || says("IP address mismatch") || says("host name"))
        result.type = ResultType::certificate_host_mismatch;
    else if (says("certificate has expired"))
        result.type = ResultType::certificate_expired;
    else if (says("certificate"))
        result.type = ResultType::certificate_not_trusted;
    return result;
}

}  // namespace pidge::tlsrpt
