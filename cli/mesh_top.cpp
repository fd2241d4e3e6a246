// kith mesh top: the links of a running node as a table, again and again.
//
// Rates are what two looks differ by. Without a terminal it looks twice and prints once.
#include "cli/json_line.h"
#include "cli/mesh_commands.h"
#include "cli/mesh_picture.h"
#include "json/writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kith::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct TopLink {
    std::string to;
    std::string name;
    std::string address;
    std::string state;
    double rtt_ms = 0;
    double loss = 0;
    std::int64_t cost = 0;
    std::int64_t queue_bytes = 0;
    std::int64_t custody_count = 0;
    std::int64_t received_bytes = 0;
    std::int64_t sent_bytes = 0;
    std::int64_t age_ms = 0;
    double in_bytes_per_s = 0;
    double out_bytes_per_s = 0;
};

/// One look.
struct Top {
    Clock::time_point at;
    bool is_on = false;
    std::string off_reason;
    std::string name;
    std::size_t node_count = 0;
    std::size_t reached_count = 0;
    std::int64_t custody_count = 0;
    std::vector<TopLink> links;
    std::vector<std::pair<std::string, std::int64_t>> drops;  // that occurred
};

std::int64_t whole(json::View view, std::string_view name) {
    return view[name].integer().value_or(0);
}

TopLink link_of(json::View link, const Names& names) {
    const std::string to = text_of(link, "to");
    const auto name = names.find(to);
    return {.to = to,
            .name = name == names.end() ? to : name->second,
            .address = text_of(link, "address"),
            .state = text_of(link, "state"),
            .rtt_ms = link["rtt_ms"].number().value_or(0),
            .loss = link["loss"].number().value_or(0),
            .cost = whole(link, "cost"),
            .queue_bytes = whole(link, "queue"),
            .custody_count = whole(link, "custody"),
            .received_bytes = whole(link, "received_bytes"),
            .sent_bytes = whole(link, "sent_bytes"),
            .age_ms = whole(link, "age_ms")};
}

std::optional<Top> look(const MeshQuestion& question) {
    const auto picture = MeshPicture::ask_for(question, "/api/v1/mesh/links");
    if (!picture) {
        return std::nullopt;
    }
    const json::View mesh = picture->mesh.root();
    const json::View nodes = picture->nodes.root()["items"];
    Top top{.at = Clock::now(),
            .is_on = text_of(mesh, "state") == "on",
            .off_reason = text_of(mesh, "reason"),
            .name = text_of(mesh, "name"),
            .node_count = nodes.size(),
            .custody_count = whole(mesh, "custody")};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        top.reached_count += text_of(nodes.at(i), "state") == "unreachable" ? 0U : 1U;
    }
    const Names names = picture->names();
    for (std::size_t i = 0; i < picture->items().size(); ++i) {
        top.links.push_back(link_of(picture->items().at(i), names));
    }
    for (std::size_t i = 0; i < mesh["drops"].size(); ++i) {
        const json::View drop = mesh["drops"].at(i);
        if (whole(drop, "count") > 0) {
            top.drops.emplace_back(text_of(drop, "reason"), whole(drop, "count"));
        }
    }
    return top;
}

void set_rates(Top& now, const Top& before) {
    const double seconds = std::chrono::duration<double>(now.at - before.at).count();
    for (TopLink& link : now.links) {
        const auto last = std::ranges::find_if(before.links, [&link](const TopLink& each) {
            return each.to == link.to && each.address == link.address;
        });
        // One that is younger than before is another connection.
        if (last != before.links.end() && last->age_ms <= link.age_ms && seconds > 0) {
            link.in_bytes_per_s =
                static_cast<double>(link.received_bytes - last->received_bytes) / seconds;
            link.out_bytes_per_s =
                static_cast<double>(link.sent_bytes - last->sent_bytes) / seconds;
        }
    }
}

void print_table(const Top& top) {
    if (!top.is_on) {
        fmt::print("the mesh is off: {}\n", top.off_reason);
        return;
    }
    fmt::print("{}: {} of {} nodes reached, {} links, custody of {} messages\n\n", top.name,
               top.reached_count, top.node_count, top.links.size(), top.custody_count);
    fmt::print("{:<20} {:<5} {:>9} {:>7} {:>6} {:>9} {:>8} {:>9} {:>9}  {}\n", "TO", "STATE",
               "RTT ms", "LOSS %", "COST", "QUEUE B", "CUSTODY", "IN B/s", "OUT B/s", "ADDRESS");
    for (const TopLink& link : top.links) {
        fmt::print("{:<20.20} {:<5} {:>9.3f} {:>7.2f} {:>6} {:>9} {:>8} {:>9.0f} {:>9.0f}  {}\n",
                   link.name, link.state, link.rtt_ms, 100 * link.loss, link.cost, link.queue_bytes,
                   link.custody_count, link.in_bytes_per_s, link.out_bytes_per_s, link.address);
    }
    for (const auto& [reason, count] : top.drops) {
        fmt::print("dropped, {}: {}\n", reason, count);
    }
}

void print_json(const Top& top) {
    print_json_line([&top](json::Writer& json) {
        json.field("state", top.is_on ? "on" : "off");
        json.field("nodes", top.node_count);
        json.field("reached", top.reached_count);
        json.field("custody", top.custody_count);
        json.key("links");
        json.begin_array();
        for (const TopLink& link : top.links) {
            json.begin_object();
            json.field("to", std::string_view(link.to));
            json.field("name", std::string_view(link.name));
            json.field("address", std::string_view(link.address));
            json.field("state", std::string_view(link.state));
            json.field("rtt_ms", link.rtt_ms);
            json.field("loss", link.loss);
            json.field("cost", link.cost);
            json.field("queue", link.queue_bytes);
            json.field("custody", link.custody_count);
            json.field("in_bytes_per_s", link.in_bytes_per_s);
            json.field("out_bytes_per_s", link.out_bytes_per_s);
            json.end_object();
        }
        json.end_array();
        json.key("drops");
        json.begin_object();
        for (const auto& [reason, count] : top.drops) {
            json.field(reason, count);
        }
        json.end_object();
    });
}

}  // namespace

int mesh_top(const MeshQuestion& question) {
    const bool is_once = question.once || question.as_json || ::isatty(STDOUT_FILENO) != 1;
    std::optional<Top> before = look(question);
    while (before) {
        std::this_thread::sleep_for(is_once ? std::chrono::seconds(1)
                                            : std::chrono::seconds(question.every_s));
        std::optional<Top> now = look(question);
        if (!now) {
            return 1;
        }
        set_rates(*now, *before);
        if (question.as_json) {
            print_json(*now);
        } else {
            if (!is_once) {
                fmt::print("\x1b[H\x1b[J");  // from the top left, over what was there
            }
            print_table(*now);
            std::fflush(stdout);
        }
        if (is_once) {
            return 0;
        }
        before = std::move(now);
    }
    return 1;
}

}  // namespace kith::cli
