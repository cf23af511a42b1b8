#include "formats/dsn/explain.h"

namespace pidge::dsn {

namespace {

constexpr std::uint16_t any = 0xffff;

struct Row {
    std::uint16_t subject;
    std::uint16_t detail;
    Explanation words;
};

// RFC 3463 §3, RFC 5248's registry, RFC 7372, RFC 7504, RFC 7505. A row with `any` stands after
// those of its subject.
constexpr Row rows[] = {
    {1,
     1,
     {"There is no mailbox with this address.",
      "Check the spelling of what stands before the \"@\", or ask the recipient for the right "
      "address."}},
    {1,
     2,
     {"The part of the address after the \"@\" does not exist or takes no mail.",
      "Check its spelling, or ask the recipient for the right address."}},
    {1,
     3,
     {"The address is not written as an address must be.",
      "Correct the address and send the message again."}},
    {1,
     6,
     {"The recipient has moved and left no new address.",
      "Ask the recipient for the new address by other means."}},
    {1,
     7,
     {"Your own address was refused because of the way it is written.",
      "Check the sender address in the settings of your mail program."}},
    {1,
     8,
     {"Your own address was refused: the other side could not send an answer to it.",
      "Check the sender address in the settings of your mail program. If it is right, tell your "
      "postmaster."}},
    {1,
     10,
     {"The domain says that it takes no mail at all.",
      "Check the address, or reach the recipient by other means."}},
    {1,
     any,
     {"Something is wrong with the address.",
      "Check the address, or ask the recipient for the right one."}},
    {2,
     1,
     {"The mailbox exists but takes no mail at present.", "Reach the recipient by other means."}},
    {2,
     2,
     {"The recipient's mailbox is full.",
      "Try again in some days, or tell the recipient by other means."}},
    {2,
     3,
     {"The message is larger than the recipient's mailbox takes.",
      "Send it without large attachments, or share them by a link."}},
    {2,
     4,
     {"The address is a mailing list that could not be expanded.", "Tell the owner of the list."}},
    {2,
     any,
     {"The recipient's mailbox could not take the message.",
      "Try again later, or reach the recipient by other means."}},
    {3, 1, {"The other mail system has no space left.", "Try again later."}},
    {3,
     4,
     {"The message is larger than the other side takes.",
      "Send it without large attachments, or share them by a link."}},
    {3,
     any,
     {"The other mail system could not take the message.",
      "Try again later. If that does not help, tell the postmaster of the other side."}},
    {4,
     1,
     {"No mail server of the recipient's domain answered.",
      "Try again later. If it lasts, the recipient should tell their postmaster."}},
    {4,
     2,
     {"The connection to the recipient's mail server broke each time.",
      "Try again later. If it lasts, tell your postmaster."}},
    {4,
     3,
     {"The name service (DNS) gave no answer about the recipient's domain.",
      "Check what stands after the \"@\". If it is right, try again later."}},
    {4,
     4,
     {"No way to the recipient's domain is known.",
      "Check what stands after the \"@\". If it is right, the recipient should tell their "
      "postmaster."}},
    {4, 5, {"The other mail system was too busy.", "Try again later."}},
    {4,
     6,
     {"The message went round in a circle and was stopped.",
      "Tell your postmaster and that of the other side: somewhere a forwarding points back."}},
    {4,
     7,
     {"It could not be delivered within the time that is allowed.",
      "Send it again, or reach the recipient by other means. The reason of the last attempt stands "
      "below."}},
    {4, any, {"The network did not lead to the recipient's mail system.", "Try again later."}},
    {5,
     3,
     {"There were more recipients than the other side takes at once.",
      "Send the message to fewer recipients at a time."}},
    {5,
     any,
     {"The two mail systems did not understand each other.",
      "Tell your postmaster, with this report."}},
    {6,
     1,
     {"The other side does not take this kind of content.",
      "Send it in another form, for example as plain text or PDF."}},
    {6,
     3,
     {"The message would have to be converted for the other side, and cannot be.",
      "Send it in another form, for example without a signature or as plain text."}},
    {6,
     7,
     {"The address or message has characters beyond ASCII, which the other side does not support.",
      "Ask the recipient for an address in plain letters, and use one of your own."}},
    {6,
     any,
     {"The other side refused the content of the message.",
      "Send it in another form, for example as plain text without attachments."}},
    {7,
     1,
     {"You may not send to this recipient, or not from where you sent it.",
      "If the recipient should be reachable for you, ask them, or your postmaster. A mail program "
      "must log in before it sends."}},
    {7, 2, {"You may not write to this mailing list.", "Ask the owner of the list."}},
    {7,
     4,
     {"A secure connection was wanted, and the other side offers none.",
      "Tell the recipient; their postmaster can mend it."}},
    {7,
     10,
     {"A secure connection (TLS) is needed, and could not be made.",
      "Tell the recipient; their postmaster can mend it."}},
    {7,
     11,
     {"A secure connection (TLS) is needed before logging in.",
      "Turn on TLS in the settings of your mail program."}},
    {7,
     17,
     {"The mailbox belongs to somebody else than when you last wrote to it.",
      "Ask the recipient for the present address."}},
    {7,
     20,
     {"The other side found no valid signature (DKIM) of your domain.",
      "Tell your postmaster, with this report."}},
    {7,
     23,
     {"The other side does not accept our server for your domain (SPF).",
      "Tell your postmaster, with this report."}},
    {7,
     25,
     {"The other side could not verify the name of our server (reverse DNS).",
      "Tell your postmaster, with this report."}},
    {7,
     26,
     {"The other side could not verify that the message is from your domain.",
      "Tell your postmaster, with this report."}},
    {7,
     27,
     {"The domain of your own address takes no mail, so nobody could answer.",
      "Check the sender address in the settings of your mail program."}},
    {7,
     any,
     {"The other side refused the message by its rules.",
      "Its answer stands below. If you think it is wrong, tell your postmaster, with this "
      "report."}},
};

}  // namespace

Explanation explain(EnhancedStatus status, Action action) {
    switch (action) {
        case Action::delivered:
            return {"The message is in the recipient's mailbox.",
                    "Nothing: this report was asked for."};
        case Action::relayed:
            return {"The message was handed to a mail system that sends no reports of delivery.",
                    "Nothing: this report was asked for. No further one will come."};
        case Action::expanded:
            return {"The message was delivered to a list, which sent it on to its members.",
                    "Nothing: this report was asked for. No further one will come."};
        default:
            break;
    }
    for (const Row& row : rows)
        if (row.subject == status.subject && (row.detail == status.detail || row.detail == any))
            return row.words;
    if (status.klass == 4)
        return {"It could not be delivered so far.",
                "The answer of the other side, if there was one, stands below."};
    return {
        "The other side refused the message.",
        "Its answer stands below. If it does not help, tell your postmaster, with this report."};
}

}  // namespace pidge::dsn
