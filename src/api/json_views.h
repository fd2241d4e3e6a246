// How the API's things look as JSON: one function for each shape of openapi.json.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "access/registry.h"
#include "api/backend.h"
#include "api/call.h"
#include "api/connect_state.h"
#include "api/machine_board.h"
#include "api/message_recorder.h"
#include "api/topic_board.h"
#include "api/usage_board.h"
#include "json/writer.h"

namespace kith::api {

/// A node with what is sampled about it; `now` for its uptime.
struct NodeView {
    const NodeFacts& facts;
    const UsageSample* sample;  // null before the first
    WallTime now;
};

/// The counters, and how many topics the board knows: each shard counts those that it has seen, so
/// that their sum counts a topic more than once.
struct StatsView {
    const UsageSample& sample;
    std::uint64_t topic_count;
};

struct TopicDetailView {
    const TopicRow& row;
    std::span<const std::string> subscribers;
};

struct MachineDetailView {
    const broker::ClientDetail& detail;
    const MachineRow* row;  // its rates; null if the board does not know it yet
    std::span<const TopicRow> published;
};

void write(json::Writer& json, const ListenerFacts& listener);
void write(json::Writer& json, const NodeView& view);
void write(json::Writer& json, const StatsView& view);
void write(json::Writer& json, const UsageSeries& series);
void write(json::Writer& json, const MachineRow& row);
void write(json::Writer& json, const MachineDetailView& view);
void write(json::Writer& json, const TopicRow& row);
void write(json::Writer& json, const TopicDetailView& view);
void write(json::Writer& json, const KeptMessage& message);
void write(json::Writer& json, const NodeEvent& event);
void write(json::Writer& json, const ConnectState& state);

/// Text as it is if it can be read, base64 if not: the members `payload` and `encoding`.
/// One that was cut off may end in the middle of a character, which is left out.
enum class Cut : bool { No, Yes };
void write_payload(json::Writer& json, std::string_view payload, Cut cut);

/// `{"user":{...},"csrf_token":...,"node":...}`.
[[nodiscard]] std::string session_json(const Caller& caller, std::string_view node);

/// Two digits behind the point: what a rate is worth.
[[nodiscard]] double rounded(double rate);

}  // namespace kith::api
