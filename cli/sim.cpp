// kith sim: the mesh in a simulated world, judged by oracles.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>

#include "cli/commands.h"
#include "json/writer.h"
#include "sim/campaign.h"
#include "sim/report.h"
#include "sim/scenarios.h"

namespace kith::cli {
namespace {

constexpr std::uint32_t kNodesMax = 2000;

struct Options {
    sim::CampaignOptions campaign;
    std::string seeds = "1";
    std::uint32_t nodes = 20;
    double minutes = 10;
    std::string faults = "all";
    std::string only_faults;
    std::string topology = "random";
    std::uint32_t degree = 4;
    std::string links = "stream";
    double loss = 0;
    double delay_ms = 1;
    std::string timing = "normal";
    std::string load = "usual";
    std::string mutant;
    std::string scenario;
    std::uint32_t repetitions = 0;
    std::uint32_t messages = 0;
    std::string report_path;
    std::string report_nodes = "20,50,100,200";
    bool has_nodes = false;  // --nodes was given
    bool as_json = false;
};

/// What to say if a check of the program itself fails: a signal handler has no other way to know.
std::array<char, 600> g_reproduction{};

void on_abort(int) {
    const std::string_view text(g_reproduction.data());
    // Nothing can be done if nobody reads it.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void remember(const std::string& line) {
    const std::string text = fmt::format("kith: repeat it with: {}\n", line);
    g_reproduction.fill(0);
    std::ranges::copy(text.substr(0, g_reproduction.size() - 1), g_reproduction.begin());
}

int wrong_usage(const std::string& reason) {
    fmt::print(stderr, "kith: {}\n", reason);
    return 2;
}

bool read_number(std::string_view text, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

/// "7" or "1..200".
bool read_seeds(std::string_view text, sim::CampaignOptions& campaign) {
    const std::size_t dots = text.find("..");
    const bool is_one = dots == std::string_view::npos;
    return read_number(text.substr(0, dots), campaign.first_seed) &&
           read_number(is_one ? text : text.substr(dots + 2), campaign.last_seed) &&
           campaign.first_seed <= campaign.last_seed;
}

/// "none" or "3,7".
bool read_places(std::string_view text, sim::RunOptions& run) {
    run.omits_all_faults = text == "none";
    while (!text.empty() && !run.omits_all_faults) {
        const std::size_t comma = std::min(text.find(','), text.size());
        std::uint64_t place = 0;
        if (!read_number(text.substr(0, comma), place)) {
            return false;
        }
        run.only_faults.push_back(place);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return true;
}

bool set_mutant(std::string_view name, mesh::MeshOptions::Mutants& mutants) {
    mutants.forgets_custody = name == "forgets-custody";
    mutants.forgets_duplicates = name == "forgets-duplicates";
    mutants.repairs_nothing = name == "repairs-nothing";
    mutants.reassigns_nothing = name == "reassigns-nothing";
    return name.empty() || mutants.forgets_custody || mutants.forgets_duplicates ||
           mutants.repairs_nothing || mutants.reassigns_nothing;
}

/// The options that a line which repeats a seed has to name: those that are not the default.
std::string reproduction_of(const Options& options) {
    const Options defaults;
    std::string line = fmt::format(" --nodes {} --minutes {} --faults {}", options.nodes,
                                   options.minutes, options.faults);
    const auto add = [&line](std::string_view name, const auto& value, const auto& usual) {
        if (value != usual) {
            line += fmt::format(" --{} {}", name, value);
        }
    };
    add("topology", options.topology, defaults.topology);
    add("degree", options.degree, defaults.degree);
    add("links", options.links, defaults.links);
    add("loss", options.loss, defaults.loss);
    add("delay", options.delay_ms, defaults.delay_ms);
    add("timing", options.timing, defaults.timing);
    add("load", options.load, defaults.load);
    add("mutant", options.mutant, defaults.mutant);
    add("only-faults", options.only_faults, defaults.only_faults);
    return line;
}

Duration from_ms(double ms) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

/// Empty if all is well, else what is wrong.
std::string read(Options& options) {
    sim::RunOptions& run = options.campaign.run;
    const auto kinds = sim::faults_named(options.faults);
    if (!kinds) {
        return "--faults: all, none, or names separated by commas; the guide lists them";
    }
    run.faults = *kinds;
    if (!read_seeds(options.seeds, options.campaign)) {
        return "--seeds: a number or FIRST..LAST";
    }
    if (!read_places(options.only_faults, run)) {
        return "--only-faults: none, or numbers separated by commas";
    }
    if (!set_mutant(options.mutant, run.mutants)) {
        return "--mutant: forgets-custody, forgets-duplicates, repairs-nothing or "
               "reassigns-nothing";
    }
    run.topology = {.shape = *sim::shape_named(options.topology),
                    .node_count = options.nodes,
                    .degree = options.degree};
    run.duration = from_ms(options.minutes * 60'000);
    run.wire.model = options.links == "stream" ? sim::WireModel::Stream : sim::WireModel::Datagram;
    run.wire.delay_min = from_ms(options.delay_ms);
    run.wire.delay_max = from_ms(options.delay_ms * 1.5);
    run.wire.loss = sim::LossOptions::bernoulli(options.loss);
    run.timing = options.timing == "fast"     ? mesh::Timing::fast()
                 : options.timing == "frugal" ? mesh::Timing::frugal()
                                              : mesh::Timing::normal();
    run.workload = options.load == "idle"    ? sim::WorkloadOptions::idle()
                   : options.load == "light" ? sim::WorkloadOptions::light()
                                             : sim::WorkloadOptions::usual(options.nodes);
    options.campaign.reproduction = reproduction_of(options);
    return {};
}

void write_median(json::Writer& json, const sim::CampaignOutcome& outcome) {
    const auto worst = [&outcome](double sim::RunOutcome::*member) {
        double most = 0;
        for (const sim::RunOutcome& run : outcome.runs) {
            most = std::max(most, run.*member);
        }
        return most;
    };
    const auto sum = [&outcome](std::uint64_t sim::RunOutcome::*member) {
        std::uint64_t total = 0;
        for (const sim::RunOutcome& run : outcome.runs) {
            total += run.*member;
        }
        return total;
    };
    json.field("published", sum(&sim::RunOutcome::published));
    json.field("claimed", sum(&sim::RunOutcome::claimed));
    json.field("delivered", sum(&sim::RunOutcome::delivered));
    json.field("duplicates", sum(&sim::RunOutcome::duplicates));
    json.field("barriers_complete", sum(&sim::RunOutcome::barriers_complete));
    json.field("barriers_partial", sum(&sim::RunOutcome::barriers_partial));
    json.field("barrier_p99_ms_max", worst(&sim::RunOutcome::barrier_p99_ms));
    json.field("latency_p50_ms_max", worst(&sim::RunOutcome::latency_p50_ms));
    json.field("latency_p99_ms_max", worst(&sim::RunOutcome::latency_p99_ms));
    json.field("cold_start_ms_max", worst(&sim::RunOutcome::cold_start_ms));
    json.field("recovery_s_max", worst(&sim::RunOutcome::recovery_s));
    json.field("idle_bytes_per_s_max", worst(&sim::RunOutcome::idle_bytes_per_s));
}

std::string to_json(const sim::CampaignOutcome& outcome, double wall_s) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("seeds", outcome.seed_count);
    json.field("passed", outcome.passed);
    json.key("failed");
    json.begin_array();
    for (const auto& failure : outcome.failures) {
        json.value(failure.seed);
    }
    json.end_array();
    json.field("trace_hash", fmt::format("{:016x}", outcome.trace_hash));
    json.field("events", outcome.event_count);
    json.field("wall_s", wall_s);
    write_median(json, outcome);
    json.key("failures");
    json.begin_array();
    for (const auto& failure : outcome.failures) {
        json.begin_object();
        json.field("seed", failure.seed);
        json.field("finding", failure.finding);
        json.field("reproduction", failure.reproduction);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return out;
}

/// Of a run that takes long: how far it is, every ten seconds.
std::function<void(Duration)> tell_progress_now_and_then() {
    using Clock = std::chrono::steady_clock;
    return [told_at = Clock::now()](Duration simulated) mutable {
        if (Clock::now() - told_at >= std::chrono::seconds(10)) {
            told_at = Clock::now();
            fmt::print(stderr, "{} s simulated\n", simulated / 1s);
        }
    };
}

/// A thousand nodes lie in half a gigabyte, all of which is touched all the time: with pages of
/// 4 KiB a third of the time goes into finding them. The heap grows in large steps, which the
/// kernel is asked to back with pages of 2 MiB; what is not used costs nothing.
void use_large_pages() {
    constexpr std::size_t kStepBytes = 2ULL << 30U;
    constexpr std::size_t kPageBytes = 2U << 20U;
    mallopt(M_TOP_PAD, static_cast<int>(kStepBytes - kPageBytes));
    mallopt(M_MMAP_THRESHOLD, static_cast<int>(32U << 20U));
    constexpr std::size_t kLargeBytes = kStepBytes - 3 * kPageBytes;
    void* first = std::malloc(kPageBytes);
    void* begin = first;
    std::size_t room = kStepBytes - 2 * kPageBytes;
    if (std::align(kPageBytes, kLargeBytes, begin, room) != nullptr) {
        // Without it all is the same, but slower.
        [[maybe_unused]] const int advised = madvise(begin, kLargeBytes, MADV_HUGEPAGE);
    }
    std::free(first);
}

std::string to_text(const sim::Figure& figure) {
    std::string text = fmt::format("  {}: {:.6g}{}{}", figure.name, figure.value,
                                   figure.unit.empty() ? "" : " ", figure.unit);
    if (figure.target != sim::Figure::Target::None) {
        const bool is_at_most = figure.target == sim::Figure::Target::AtMost;
        text += fmt::format(" ({} {:.6g}: {})", is_at_most ? "at most" : "at least", figure.limit,
                            figure.holds() ? "holds" : "MISSED");
    }
    return text;
}

std::string to_json(std::string_view name, const std::vector<sim::Figure>& figures) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("scenario", name);
    json.key("figures");
    json.begin_array();
    for (const sim::Figure& figure : figures) {
        json.begin_object();
        json.field("name", figure.name);
        json.field("value", figure.value);
        json.field("unit", figure.unit);
        if (figure.target != sim::Figure::Target::None) {
            json.field(figure.target == sim::Figure::Target::AtMost ? "at_most" : "at_least",
                       figure.limit);
            json.field("holds", figure.holds());
        }
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return out;
}

int run_scenario(const Options& options) {
    const sim::Scenario* scenario = sim::scenario_named(options.scenario);
    if (scenario == nullptr) {
        std::string names;
        for (const sim::Scenario& one : sim::scenarios()) {
            names += fmt::format("\n  {:<13} {}", one.name, one.text);
        }
        return wrong_usage("--scenario: one of" + names);
    }
    const std::vector<sim::Figure> figures =
        scenario->play({.first_seed = options.campaign.first_seed,
                        .repetitions = options.repetitions,
                        .node_count = options.has_nodes ? options.nodes : 0,
                        .message_count = options.messages,
                        .timing = options.campaign.run.timing,
                        .tell = options.campaign.tell});
    if (options.as_json) {
        fmt::print("{}\n", to_json(scenario->name, figures));
    } else {
        fmt::print("{}: {}\n", scenario->name, scenario->text);
        for (const sim::Figure& figure : figures) {
            fmt::print("{}\n", to_text(figure));
        }
    }
    return std::ranges::all_of(figures, &sim::Figure::holds) ? 0 : 1;
}

/// "20,50,100".
bool read_counts(std::string_view text, std::vector<std::uint32_t>& counts) {
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        std::uint64_t count = 0;
        if (!read_number(text.substr(0, comma), count) || count < 2 || count > kNodesMax) {
            return false;
        }
        counts.push_back(static_cast<std::uint32_t>(count));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return !counts.empty();
}

int write_report(const Options& options) {
    std::vector<std::uint32_t> counts;
    if (!read_counts(options.report_nodes, counts)) {
        return wrong_usage("--report-nodes: numbers from 2 separated by commas");
    }
    std::ofstream file(options.report_path, std::ios::binary | std::ios::trunc);
    if (!file) {
        return wrong_usage(fmt::format("--report: cannot write {}", options.report_path));
    }
    std::vector<sim::ReportRow> rows;
    for (const std::uint32_t count : counts) {
        options.campaign.tell(
            fmt::format("{} nodes ({} of {} sizes)", count, rows.size() + 1, counts.size()));
        rows.push_back(sim::measure_row(options.campaign.run, options.campaign.first_seed, count));
    }
    file << sim::report_page(rows, options.campaign.first_seed);
    file.close();
    if (!file) {
        return wrong_usage(fmt::format("--report: cannot write {}", options.report_path));
    }
    fmt::print("{}\n", options.report_path);
    return std::ranges::all_of(rows, &sim::ReportRow::is_clean) ? 0 : 1;
}

int run(Options options) {
    if (const std::string reason = read(options); !reason.empty()) {
        return wrong_usage(reason);
    }
    const auto begun = std::chrono::steady_clock::now();
    std::signal(SIGABRT, on_abort);
    options.campaign.on_seed = remember;
    options.campaign.tell = [](const std::string& text) { fmt::print(stderr, "{}\n", text); };
    options.campaign.run.on_progress = tell_progress_now_and_then();
    use_large_pages();
    if (!options.scenario.empty()) {
        return run_scenario(options);
    }
    if (!options.report_path.empty()) {
        return write_report(options);
    }
    const sim::CampaignOutcome outcome = sim::run_campaign(options.campaign);
    const double wall_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (options.as_json) {
        fmt::print("{}\n", to_json(outcome, wall_s));
    } else {
        fmt::print("{} seeds, {} passed, {} events in {:.1f} s, trace {:016x}\n",
                   outcome.seed_count, outcome.passed, outcome.event_count, wall_s,
                   outcome.trace_hash);
        for (const auto& failure : outcome.failures) {
            fmt::print("failed: {}\n        {}\n", failure.finding, failure.reproduction);
        }
    }
    return outcome.failures.empty() ? 0 : 1;
}

}  // namespace

void add_sim(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("sim", "Run the mesh in a simulated world and judge what it did");
    auto options = std::make_shared<Options>();
    command->add_option("--seeds", options->seeds, "A seed, or FIRST..LAST")->capture_default_str();
    command->add_option("--nodes", options->nodes, "Nodes of the mesh")
        ->check(CLI::Range(1U, kNodesMax))
        ->capture_default_str();
    command->add_option("--minutes", options->minutes, "Simulated time of use and faults")
        ->check(CLI::Range(0.0, 100'000.0))
        ->capture_default_str();
    command->add_option("--faults", options->faults, "all, none, or NAME,... (see the guide)")
        ->capture_default_str();
    command->add_option("--only-faults", options->only_faults,
                        "Of the planned faults only these, by number");
    command->add_option("--topology", options->topology, "Who is wired to whom")
        ->check(CLI::IsMember({"line", "ring", "grid", "random", "star", "clusters"}))
        ->capture_default_str();
    command->add_option("--degree", options->degree, "random, clusters: neighbours of a node")
        ->check(CLI::Range(1U, 32U))
        ->capture_default_str();
    command->add_option("--links", options->links, "As TCP or as UDP")
        ->check(CLI::IsMember({"stream", "datagram"}))
        ->capture_default_str();
    command->add_option("--loss", options->loss, "Share of frames that each link loses")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str();
    command->add_option("--delay", options->delay_ms, "One way, ms; up to half of it more")
        ->check(CLI::Range(0.001, 10'000.0))
        ->capture_default_str();
    command->add_option("--timing", options->timing, "Profile of the nodes")
        ->check(CLI::IsMember({"fast", "normal", "frugal"}))
        ->capture_default_str();
    command->add_option("--load", options->load, "What the clients do")
        ->check(CLI::IsMember({"idle", "light", "usual"}))
        ->capture_default_str();
    command->add_option("--mutant", options->mutant,
                        "Plant a mistake, which must be found: forgets-custody, "
                        "forgets-duplicates, repairs-nothing, reassigns-nothing");
    command->add_option("--scenario", options->scenario,
                        "Play one row of the promises and measure it; 'list' names them");
    command->add_option("--repetitions", options->repetitions, "Of a scenario")
        ->check(CLI::Range(1U, 100'000U));
    command->add_option("--messages", options->messages, "Of a scenario")
        ->check(CLI::Range(1U, 10'000'000U));
    command->add_option("--report", options->report_path,
                        "Write a page of plots: times, costs and delivery by number of nodes");
    command->add_option("--report-nodes", options->report_nodes, "Numbers of nodes of the report")
        ->capture_default_str();
    command->add_flag("--minimize", options->campaign.minimizes,
                      "Repeat what fails with fewer faults while it still fails");
    command->add_flag("--json", options->as_json, "One JSON object");
    command->footer(
        "Exit 1 if an oracle found something; a line on stderr repeats it.\n"
        "Example: kith sim --seeds 1..200 --nodes 20 --minutes 10 --faults all --json\n"
        "Example: kith sim --seeds 17 --faults crash,cut --minimize");
    command->callback([options, command, &exit_code] {
        options->has_nodes = command->count("--nodes") > 0;
        exit_code = run(*options);
    });
}

}  // namespace kith::cli
