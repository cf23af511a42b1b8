// What the program as a whole writes to the log.
#pragma once

#include "base/log.h"

namespace pidge::program {

inline constexpr log::Event listening{"listening", log::Level::info,
                                      "A listener takes connections.", ""};
inline constexpr log::Event few_descriptors{
    "few-descriptors", log::Level::warning,
    "The process may not have as many descriptors as its listeners have connections; they are "
    "given their share.",
    "Raise LimitNOFILE of the service, or lower listener.connections."};
inline constexpr log::Event certificate_expired{
    "certificate-expired", log::Level::error,
    "A certificate has expired. It is shown all the same, but clients that look will refuse it.",
    "Renew it, then reload (systemctl reload pidge)."};
inline constexpr log::Event clock_stepped{
    "clock-stepped", log::Level::warning, "The machine's clock was set by more than a second.",
    "Check the time service; dates in messages are as right as the clock."};
inline constexpr log::Event draining{
    "draining", log::Level::info,
    "The program ends: no new connections, what is under way is finished.", ""};
inline constexpr log::Event transport_neglected{
    "transport-neglected", log::Level::warning,
    "MTA-STS policies or counts of TLS sessions could not be looked after; it is tried again.",
    "See what the store says about itself."};
inline constexpr log::Event drained{
    "drained", log::Level::info,
    "Everything has ended; with the number of sessions that had to be cut.", ""};
inline constexpr log::Event stop_unrecorded{
    "stop-unrecorded", log::Level::warning,
    "The end of the program could not be written to the audit trail.",
    "Nothing that was acknowledged is affected; look at the store errors before this one."};

inline constexpr log::Event listener_left_out{
    "listener-left-out", log::Level::info,
    "A listener stays closed because this node does not have its role.", ""};
inline constexpr log::Event node_draining{
    "node-draining", log::Level::info,
    "An administrator wishes that this node takes nothing new; /readyz says so.",
    "pidge node resume takes it back."};
inline constexpr log::Event node_closed{
    "node-closed", log::Level::info,
    "This node takes no more connections and no more mail out of the queue.", ""};
inline constexpr log::Event node_resumed{"node-resumed", log::Level::info,
                                         "This node takes connections and mail again.", ""};
inline constexpr log::Event resume_failed{
    "node-resume-failed", log::Level::error,
    "A listener of this node could not be opened again; tried again every second.",
    "See reason: somebody else has taken the port."};
inline constexpr log::Event leave_unsaid{
    "node-leave-unsaid", log::Level::warning,
    "The others could not be told that this node ends; they take it for down in a moment.", ""};
inline constexpr log::Event patroni_loses_mail{
    "patroni-loses-mail", log::Level::error,
    "A database server is kept by a Patroni older than 4.0.7: when a frozen primary comes back, "
    "mail that was acknowledged can be lost.",
    "Update Patroni on all database servers to 4.0.7 or later (docs/cluster.md)."};
inline constexpr log::Event patroni_unknown{
    "patroni-unknown", log::Level::info,
    "Nothing was heard of the Patroni that may keep the database: whether its version loses mail "
    "is not known. Said once.",
    "Name its API in store.patroni, or write \"off\" there where nobody keeps the database by "
    "Patroni."};
inline constexpr log::Event patroni_seen{
    "patroni-seen", log::Level::info,
    "A database server is kept by a Patroni that loses nothing as far as is known.", ""};

}  // namespace pidge::program
