#include "cli/demo_mesh.h"

#include "base/random.h"
#include "cli/client_run.h"
#include "cli/demo_ground.h"
#include "cli/node_process.h"
#include "crypto/secrets.h"
#include "json/writer.h"
#include "mesh/trust/enrolment.h"
#include "mesh/trust/mesh_directory.h"
#include "node/process_facts.h"
#include "sdk/kith/machine.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kith::cli {
namespace {

// A grid: each node dials the one to its left and the one above it.
constexpr std::size_t kColumns = 4;
constexpr std::size_t kNodes = 12;
/// Machines are on the corners; these nodes stay.
constexpr std::array<std::size_t, 4> kCorners{0, 3, 8, 11};
constexpr Duration kStep = 1s;
constexpr int kDeathSteps = 4;  // how long a node stays away

std::string name_of(std::size_t node) {
    return fmt::format("node-{}", node + 1);
}

Failure refused(std::string text) {
    return {FailureKind::Refused, std::move(text)};
}

/// The nodes' processes, and the mesh that they are members of.
class Floor {
  public:
    explicit Floor(std::string root) : root_(std::move(root)) {}

    [[nodiscard]] Outcome<void> start(const std::string& http) {
        if (const Outcome<void> made = make_members(); !made) {
            return made;
        }
        for (std::size_t i = 0; i < kNodes; ++i) {
            http_[i] = i == 0 ? http : "off";
            if (const Outcome<void> started = start_node(i); !started) {
                return started;
            }
        }
        return {};
    }
    void kill(std::size_t node) {
        nodes_[node]->kill_now();
        nodes_[node].reset();
    }
    [[nodiscard]] Outcome<void> start_node(std::size_t i) {
        std::vector<std::string> arguments{
            "--data",  folder(i), "--name", name_of(i), "--log",  "off",    "--mqtt",    mqtt_[i],
            "--mqtts", "off",     "--http", http_[i],   "--mesh", mesh_[i], "--workers", "1"};
        const auto dial = [&](std::size_t other) {
            arguments.emplace_back("--peer");
            arguments.push_back(mesh_[other]);
        };
        if (i % kColumns > 0) {
            dial(i - 1);
        }
        if (i >= kColumns) {
            dial(i - kColumns);
        }
        auto started = NodeProcess::start(arguments, [] {});
        if (!started) {
            return started.failure();
        }
        nodes_[i] = std::move(*started);
        mqtt_[i] = nodes_[i]->address("mqtt");  // the same again after a death
        mesh_[i] = nodes_[i]->address("mesh");
        return {};
    }
    [[nodiscard]] const NodeProcess& node(std::size_t i) const { return *nodes_[i]; }

  private:
    [[nodiscard]] std::string folder(std::size_t i) const { return root_ + "/" + name_of(i); }

    /// The first founds it and lets the others in, before any of them runs.
    [[nodiscard]] Outcome<void> make_members() {
        crypto::SystemSecrets secrets;
        mkdir(root_.c_str(), 0700);
        for (std::size_t i = 0; i < kNodes; ++i) {
            mkdir(folder(i).c_str(), 0700);
        }
        mesh::MeshDirectory founder(folder(0));
        const auto founded = founder.found(name_of(0), secrets, node::wall_now());
        if (!founded) {
            return refused(founded.error().text);
        }
        const auto invite = founder.invite({.uses = kNodes}, secrets, node::wall_now());
        if (!invite) {
            return refused(invite.error().text);
        }
        const std::string token =
            to_text(mesh::JoinToken{.expires_at = invite->expires_at,
                                    .root_fingerprint = founded->root_fingerprint,
                                    .invite = invite->id,
                                    .secret = invite->secret,
                                    .locators = {}});
        mesh::JoinAttempts attempts;
        for (std::size_t i = 1; i < kNodes; ++i) {
            if (const Outcome<void> in = let_in(founder, i, token, attempts); !in) {
                return in;
            }
        }
        return {};
    }
    [[nodiscard]] Outcome<void> let_in(mesh::MeshDirectory& founder, std::size_t i,
                                       const std::string& token, mesh::JoinAttempts& attempts) {
        crypto::SystemSecrets secrets;
        const std::array<std::uint8_t, 32> channel{};  // none: both are this program
        mesh::MeshDirectory member(folder(i));
        const auto joining = member.begin_join(token, name_of(i), secrets);
        if (!joining) {
            return refused(joining.error().text);
        }
        const auto request =
            make_join_request(*joining->token, *joining->key, joining->name, channel);
        if (!request) {
            return refused(request.error().text);
        }
        const auto outcome =
            founder.answer(*request, channel,
                           {.wall_now = node::wall_now(), .now = Instant(), .attempts = attempts});
        if (!outcome) {
            return refused(outcome.error().text);
        }
        const auto admission =
            read_join_answer(outcome->answer, *joining->token, *joining->key, node::wall_now());
        if (!admission) {
            return refused(admission.error().text);
        }
        if (const auto admitted = member.admit(*admission); !admitted) {
            return refused(admitted.error().text);
        }
        return {};
    }

    std::string root_;
    std::array<std::unique_ptr<NodeProcess>, kNodes> nodes_;
    std::array<std::string, kNodes> mqtt_ = filled("127.0.0.1:0");
    std::array<std::string, kNodes> mesh_ = filled("127.0.0.1:0");
    std::array<std::string, kNodes> http_;

    static std::array<std::string, kNodes> filled(const std::string& text) {
        std::array<std::string, kNodes> all;
        all.fill(text);
        return all;
    }
};

struct Totals {
    std::uint64_t sent = 0;  // acknowledged to a machine
    std::uint64_t arrived = 0;
    std::uint64_t twice = 0;
};

/// Machines on three corners count, one on the fourth hears them all. Threads: any.
class Traffic {
  public:
    /// Returns when all are connected and the one that listens has subscribed.
    [[nodiscard]] Outcome<void> start(const Floor& floor) {
        for (const std::size_t corner : kCorners) {
            machines_.push_back(std::make_unique<Machine>(
                "machine-" + std::to_string(corner + 1),
                MachineOptions{.node = floor.node(corner).address("mqtt")}));
            if (const auto connected = machines_.back()->wait_connected(); !connected) {
                return connected;
            }
        }
        const Done subscribed =
            machines_.back()
                ->subscribe("floor/#", [this](const Message& message) { note(message); })
                .get();
        return subscribed ? Outcome<void>() : subscribed.failure();
    }
    /// One message of each machine.
    void send() {
        ++number_;
        for (std::size_t i = 0; i + 1 < machines_.size(); ++i) {
            machines_[i]->publish(fmt::format("floor/{}/pieces", machines_[i]->id()),
                                  std::to_string(number_), {.delivery = Delivery::ExactlyOnce},
                                  [this](const Done& done) {
                                      const std::scoped_lock lock(mutex_);
                                      totals_.sent += done ? 1U : 0U;
                                  });
        }
    }
    [[nodiscard]] Totals totals() const {
        const std::scoped_lock lock(mutex_);
        return totals_;
    }

  private:
    void note(const Message& message) {
        const std::scoped_lock lock(mutex_);
        const std::uint64_t number = std::strtoull(message.payload.c_str(), nullptr, 10);
        std::uint64_t& last = last_[message.topic];  // they come in order
        ++(number > last ? totals_.arrived : totals_.twice);
        last = std::max(last, number);
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> last_;  // by topic
    Totals totals_;
    std::uint64_t number_ = 0;
    std::vector<std::unique_ptr<Machine>> machines_;  // last: they call back
};

void print_step(const MeshDemoOptions& options, const Totals& totals, const std::string& event) {
    const std::uint64_t under_way = totals.sent > totals.arrived ? totals.sent - totals.arrived : 0;
    if (options.as_json) {
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("acknowledged", totals.sent);
        json.field("arrived", totals.arrived);
        json.field("twice", totals.twice);
        json.field("under_way", under_way);
        json.field("event", std::string_view(event));
        json.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print("acknowledged {:6}   arrived {:6}   twice {}   under way {:3}   {}\n",
                   totals.sent, totals.arrived, totals.twice, under_way, event);
    }
    std::fflush(stdout);
}

void print_welcome(const MeshDemoOptions& options, const NodeProcess& first) {
    const std::string console = "http://" + first.address("http") + "/mesh";
    if (options.as_json) {
        std::string out;
        json::Writer json(out);
        json.begin_object();
        json.field("console", std::string_view(console));
        json.field("claim", std::string_view(first.claim_link()));
        json.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print(
            "\nTwelve nodes in a grid; machines on three corners count, one on the fourth "
            "hears them.\n\n");
        fmt::print("  Console  {}\n", console);
        if (!first.claim_link().empty()) {
            fmt::print("  Claim    {}  (once, within 15 minutes)\n", first.claim_link());
        }
        fmt::print("\nCtrl-C ends it.\n\n");
    }
    std::fflush(stdout);
}

/// Lets nodes die and come back while machines talk across them.
class Course {
  public:
    Course(Floor& floor, const MeshDemoOptions& options) : floor_(floor), options_(options) {}

    /// What has happened, for people; a failure ends the demo.
    [[nodiscard]] Outcome<std::string> step() {
        ++steps_;
        if (victim_ && steps_ >= back_at_) {
            const std::size_t node = *std::exchange(victim_, std::nullopt);
            if (const Outcome<void> started = floor_.start_node(node); !started) {
                return started.failure();
            }
            return name_of(node) + " is back";
        }
        if (!victim_ && steps_ % options_.every_s == 0) {
            victim_ = pick();
            back_at_ = steps_ + kDeathSteps;
            floor_.kill(*victim_);
            return name_of(*victim_) + " died (SIGKILL)";
        }
        return victim_ ? name_of(*victim_) + " is away" : std::string();
    }

  private:
    [[nodiscard]] std::size_t pick() {
        std::size_t node = 0;
        do {
            node = random_.below(kNodes);
        } while (std::ranges::find(kCorners, node) != kCorners.end());
        return node;
    }

    Floor& floor_;
    const MeshDemoOptions& options_;
    Random random_{1};
    int steps_ = 0;
    int back_at_ = 0;
    std::optional<std::size_t> victim_;
};

int fail_with(const Failure& failure) {
    fmt::print(stderr, "kith: {}\n", failure.text);
    return 1;
}

}  // namespace

int run_mesh_demo(const MeshDemoOptions& options) {
    constexpr int kMessagesPerStep = 10;
    EndOfRun end;  // before any thread and the nodes, which inherit its blocked signals
    const DemoDirectory data(options.data, options.keeps);
    if (data.path().empty()) {
        fmt::print(stderr, "kith: no temporary directory; name one with --data\n");
        return 1;
    }
    Floor floor(data.path());
    if (const Outcome<void> started = floor.start(address_or_free(options.http, 8080)); !started) {
        return fail_with(started.failure());
    }
    Traffic traffic;
    if (const Outcome<void> started = traffic.start(floor); !started) {
        return fail_with(started.failure());
    }
    print_welcome(options, floor.node(0));
    Course course(floor, options);
    while (true) {
        for (int i = 0; i < kMessagesPerStep; ++i) {
            traffic.send();
            if (end.ends_within(kStep / kMessagesPerStep)) {
                return 0;
            }
        }
        const Outcome<std::string> event = course.step();
        if (!event) {
            return fail_with(event.failure());
        }
        print_step(options, traffic.totals(), *event);
    }
}

}  // namespace kith::cli
