#include <fmt/format.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "program/client/client.h"
#include "program/command/archive_file.h"
#include "program/command/call.h"
#include "program/command/progress.h"
#include "program/command/table.h"
#include "program/command/verbs.h"
#include "services/inspection/inspect.h"
#include "system/net/spawn.h"
#include "system/store/archive/transfer.h"

namespace pidge::command {
namespace {

// Beside each record in an archive stand its kind and its lengths.
constexpr std::uint64_t archive_record_octets = 9;

ProgressLine::Shown shown(const Call& call) {
    return call.wants_json || call.given.has("--quiet") ? ProgressLine::Shown::no
                                                        : ProgressLine::Shown::yes;
}

// A fault of the store as a refusal; a full disk with what to do about it.
template <typename Work>
auto without_faults(Work work, std::string_view if_full) -> decltype(work()) {
    try {
        return work();
    } catch (const store::Fault& fault) {
        std::string text = fault.what();
        if (fault.why == store::Fault::Why::full) text += fmt::format(" {}", if_full);
        if (fault.why == store::Fault::Why::damaged) text = "The store is damaged: " + text;
        return Refusal{.kind = Refusal::Kind::temporary, .text = std::move(text)};
    }
}

std::string digest_text(const store::ArchiveTotals& totals) {
    return text::hex(crypto::bytes_of(totals.digest));
}

json::Object totals_json(const store::ArchiveTotals& totals, double seconds) {
    return {{"records", totals.records},
            {"octets", totals.octets},
            {"sha256", digest_text(totals)},
            {"milliseconds", static_cast<std::int64_t>(seconds * 1000)}};
}

void tell(Call& call, std::string_view what, const store::ArchiveTotals& totals, double seconds) {
    const std::string text =
        fmt::format("{} {} records, {} octets, in {:.1f} s.\nsha256 of the contents: {}", what,
                    totals.records, totals.octets, seconds, digest_text(totals));
    // With "-" standard output is the archive itself.
    if (call.given.text_or("FILE", "") == "-")
        call.note(text);
    else
        call.print(text);
}

Result<> export_verb(Call& call) {
    return without_faults(
        [&]() -> Result<> {
            auto file = TRY(OutputFile::create(call.given.text("FILE")));
            const auto store = TRY(client::open_whole_store(call.config, client::Use::reading));
            if (const auto unfinished = net::run(store::unfinished_import(*store)))
                return Refusal{.kind = Refusal::Kind::conflict, .text = *unfinished};
            TRY(client::record_direct(call.config, *store, "store export",
                                      call.given.text("FILE")));
            ProgressLine line("export", shown(call));
            const store::ArchiveHeader header{
                .id = Id<struct ArchiveTag>::make(system_clock().unix_ms()).text(),
                .made = system_clock().now(),
                .version = PIDGE_VERSION,
                .host = call.config.site.hostname};
            const store::ArchiveTotals totals = TRY(net::run(store::export_store(
                *store, header, [&file](std::string_view octets) { file.write(octets); },
                [&line](const store::Progress& at) {
                    return line.update(store::space_name(at.space), at.records, at.octets,
                                       at.octets_left);
                })));
            file.keep();
            if (call.wants_json && call.given.text("FILE") != "-")
                call.print_json(totals_json(totals, line.seconds()));
            else
                tell(call, "Exported", totals, line.seconds());
            return {};
        },
        "Nothing was kept of it.");
}

Result<store::ArchiveTotals> check_file(Call& call, InputFile& file) {
    ProgressLine line("check", shown(call));
    const std::uint64_t size = file.size_bytes().value_or(0);
    return store::check_archive([&file](std::size_t count) { return file.read(count); },
                                [&line, size](const store::Progress& at) {
                                    const std::uint64_t done =
                                        at.octets + archive_record_octets * at.records;
                                    return line.update(store::space_name(at.space), at.records,
                                                       at.octets, size - std::min(size, done));
                                });
}

Result<> import_verb(Call& call) {
    return without_faults(
        [&]() -> Result<> {
            auto file = TRY(InputFile::open(call.given.text("FILE")));
            // What is damaged is refused before anything is touched; of a pipe that is not known.
            if (file.size_bytes()) {
                TRY(check_file(call, file));
                file.rewind();
            }
            const auto store = TRY(client::open_whole_store(call.config, client::Use::writing));
            ProgressLine line("import", shown(call));
            const std::optional<std::uint64_t> size = file.size_bytes();
            auto imported = net::run(store::import_archive(
                *store, [&file](std::size_t count) { return file.read(count); },
                call.given.has("--replace") ? store::Existing::erase : store::Existing::refuse,
                [&line, size](const store::Progress& at) {
                    const std::uint64_t done = at.octets + archive_record_octets * at.records;
                    return line.update(
                        store::space_name(at.space), at.records, at.octets,
                        size ? std::optional(*size - std::min(*size, done)) : std::nullopt);
                }));
            if (!imported) {
                Refusal refusal = imported.error();
                if (const auto left = net::run(store::unfinished_import(*store)))
                    refusal.text += " " + *left;
                return refusal;
            }
            if (call.wants_json) {
                json::Object out = totals_json(imported->totals, line.seconds());
                out.set("resumedAt", imported->resumed_at);
                call.print_json(std::move(out));
                return {};
            }
            if (imported->resumed_at > 0)
                call.print(
                    fmt::format("Went on after {} records that were here.", imported->resumed_at));
            tell(call, "Imported", imported->totals, line.seconds());
            return {};
        },
        "Make room and say the same again: it goes on where it stopped.");
}

json::Object report_json(const inspection::Report& report) {
    json::Array findings, logs;
    for (const inspection::Finding& finding : report.findings)
        findings.push_back(json::Object{{"about", finding.about}, {"text", finding.text}});
    for (const inspection::Log& log : report.logs)
        logs.push_back(json::Object{{"name", log.name}, {"entries", log.end.number}});
    json::Object kinds;
    for (const auto& [space, count] : report.counts) kinds.set(store::space_name(space), count);
    return {{"problems", report.problems},      {"findings", std::move(findings)},
            {"records", report.records},        {"octets", report.octets},
            {"bodyOctets", report.body_octets}, {"kinds", std::move(kinds)},
            {"logs", std::move(logs)}};
}

Result<> verify_verb(Call& call) {
    return without_faults(
        [&]() -> Result<> {
            const auto store = TRY(client::open_whole_store(call.config, client::Use::reading));
            ProgressLine line("verify", shown(call));
            const inspection::Report report =
                TRY(net::run(inspection::inspect(*store, [&line](const store::Progress& at) {
                    return line.update(store::space_name(at.space), at.records, at.octets, {});
                })));
            call.code = report.problems == 0 ? 0 : static_cast<int>(Exit::refused);
            if (call.wants_json) {
                call.print_json(report_json(report));
                return {};
            }
            for (const inspection::Finding& finding : report.findings)
                call.print(fmt::format("{}: {}", finding.about, finding.text));
            if (report.problems > report.findings.size())
                call.print(fmt::format("… and {} more.", report.problems - report.findings.size()));
            for (const inspection::Log& log : report.logs)
                call.print(
                    fmt::format("audit log {}: {} entries, sound", log.name, log.end.number));
            call.print(fmt::format("{} records, {} octets, of them {} in bodies; {} problems.",
                                   report.records, report.octets, report.body_octets,
                                   report.problems));
            return {};
        },
        "");
}

const Argument quiet{.name = "--quiet", .kind = Argument::Kind::flag, .help = "No progress."};

}  // namespace

std::vector<Verb> archive_verbs() {
    return {
        {.words = "store export",
         .summary = "Write everything in the store to a file",
         .details =
             "Directory, queue, bodies, audit trail: every record as it is, with checksums "
             "(docs/store.md). The file holds everybody's mail and is readable by its owner "
             "only. It appears under its name when it is whole; until then it is called "
             "FILE.partial. No server may run on an embedded store. The export is recorded in "
             "the audit trail.",
         .arguments = {{.name = "FILE",
                        .help = "Where to; \"-\" for standard output.",
                        .is_required = true},
                       quiet},
         .examples = {"pidge store export /var/backups/site.pidge",
                      "pidge store export - > /mnt/backup/site.pidge"},
         .needs = Verb::Needs::config,
         .run = export_verb},
        {.words = "store import",
         .summary = "Fill the store from such a file",
         .details =
             "The file is checked from end to end before anything is written; from standard input "
             "it is checked as it comes. When it is interrupted, say the same again and it goes "
             "on where it stopped; until it is finished no server starts on this store. No server "
             "may run.",
         .arguments = {{.name = "FILE",
                        .help = "From where; \"-\" for standard input.",
                        .is_required = true},
                       {.name = "--replace",
                        .kind = Argument::Kind::flag,
                        .help = "Erase everything the store holds first."},
                       quiet},
         .examples = {"pidge --config ./cluster.toml store import /var/backups/site.pidge"},
         .needs = Verb::Needs::config,
         .run = import_verb},
        {.words = "store verify",
         .summary = "Read every record of the store and tell what does not fit together",
         .details =
             "Every record can be read; every body is what its name says and is held by as many as "
             "its record counts; what is in the queue is due and has its body; names lead to "
             "somebody; the audit logs of all nodes follow from their first entry. Changes "
             "nothing. Exit code 0: all is well; 1: something is wrong.",
         .arguments = {quiet},
         .examples = {"pidge store verify", "pidge store verify --json"},
         .needs = Verb::Needs::config,
         .run = verify_verb},
    };
}

}  // namespace pidge::command
