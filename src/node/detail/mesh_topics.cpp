#include "node/detail/mesh_topics.h"

#include "json/writer.h"
#include "node/detail/mesh_view.h"
#include "node/process_facts.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace kith::node {
namespace {

constexpr std::string_view kNodes = "$mesh/nodes/";
constexpr std::string_view kDrops = "$mesh/drops";

/// To three bits behind the first: a change below an eighth is none.
double coarse(double value) {
    if (value <= 0) {
        return 0;
    }
    const double step = std::exp2(std::floor(std::log2(value)) - 3);
    return std::round(value / step) * step;
}

template <typename Write>
std::string object(Write&& write_members) {
    std::string text;
    json::Writer json(text);
    json.begin_object();
    write_members(json);
    json.end_object();
    return text;
}

std::string node_text(const api::MeshNodeFacts& node) {
    return object([&node](json::Writer& json) {
        json.field("id", std::string_view(node.id));
        json.field("name", std::string_view(node.name));
        json.field("role", std::string_view(node.role));
        json.field("state", std::string_view(node.state));
        json.field("leaving", node.is_leaving);
        json.key("neighbors");
        json.begin_array();
        for (const api::MeshToldNeighbor& neighbor : node.neighbors) {
            json.begin_object();
            json.field("to", std::string_view(neighbor.id));
            json.field("cost", neighbor.cost);
            json.end_object();
        }
        json.end_array();
    });
}

std::string link_text(const api::MeshLinkFacts& link, std::uint64_t queue_bytes) {
    return object([&link, queue_bytes](json::Writer& json) {
        json.field("to", std::string_view(link.to));
        json.field("address", std::string_view(link.address));
        json.field("state", link.is_up ? "up" : "down");
        json.field("rtt_ms", coarse(link.rtt_ms));
        json.field("loss", link.loss);
        json.field("cost", link.cost);
        json.field("queue", queue_bytes);
        json.field("custody", link.custody_count);
    });
}

std::string drops_text(const api::MeshFacts& mesh) {
    return object([&mesh](json::Writer& json) {
        for (const auto& [reason, count] : mesh.drops) {
            json.field(reason, count);
        }
    });
}

std::string sample_text(const DropSample& sample) {
    return object([&sample](json::Writer& json) {
        json.field("at", sample.at);
        json.field("reason", mesh::to_string(sample.reason));
        if (sample.from == mesh::NodeId()) {
            return;  // no message
        }
        json.field("topic", std::string_view(sample.topic));
        json.field("from", mesh::node_name_of(sample.from));
        json.key("to");
        json.begin_array();
        for (const mesh::NodeId node : sample.to) {
            json.value(std::string_view(mesh::node_name_of(node)));
        }
        json.end_array();
        json.field("qos", static_cast<int>(sample.qos));
        json.field("bytes", sample.payload_bytes);
    });
}

/// By topic: a neighbour once, with its first link and what waits on all.
std::map<std::string, std::string> texts_of(const api::MeshFacts& mesh) {
    std::map<std::string, std::string> texts;
    if (!mesh.is_on) {
        return texts;
    }
    for (const api::MeshNodeFacts& node : mesh.nodes) {
        texts[std::string(kNodes) + node.id] = node_text(node);
    }
    std::map<std::string, std::uint64_t> queue_bytes;
    for (const api::MeshLinkFacts& link : mesh.links) {
        queue_bytes[link.to] += link.queue_bytes;
    }
    for (const api::MeshLinkFacts& link : mesh.links) {
        texts.try_emplace("$mesh/links/" + link.to, link_text(link, queue_bytes[link.to]));
    }
    texts[std::string(kDrops)] = drops_text(mesh);
    return texts;
}

}  // namespace

void MeshTopics::update(const api::MeshFacts& mesh, Has has, WallTime now) {
    std::map<std::string, std::string> texts = texts_of(mesh);
    if (mesh.is_on && has == Has::NoNodes) {
        for (const auto& [topic, text] : published_) {
            if (topic.starts_with(kNodes)) {
                texts[topic] = text;
            }
        }
    }
    for (const auto& [topic, text] : published_) {
        if (!texts.contains(topic)) {
            publish(topic, "", Retain::Yes, now);
        }
    }
    for (const auto& [topic, text] : texts) {
        const auto known = published_.find(topic);
        if (known == published_.end() || known->second != text) {
            publish(topic, text, Retain::Yes, now);
        }
    }
    published_ = std::move(texts);
}

void MeshTopics::tell_drops(const std::vector<DropSample>& samples) {
    for (const DropSample& sample : samples) {
        const std::string reason(mesh::to_string(sample.reason));
        publish(std::string(kDrops) + "/" + reason, sample_text(sample), Retain::No, sample.at);
    }
}

void MeshTopics::publish(const std::string& topic, const std::string& payload, Retain retain,
                         WallTime now) {
    bus_.publish({.topic = bus::TopicName::trusted(topic),
                  .payload = as_bytes(payload),
                  .properties = {},
                  .retain = retain == Retain::Yes,
                  .publisher = {},
                  .published_at = now,
                  .expires_at = {}},
                 nullptr);
}

OrProblem<void> MeshTopicsPillar::start() {
    topics_ = std::make_unique<MeshTopics>(broker_.broker->shard(ShardId(0)));
    ground_.at_home([this] { look(); });
    return {};
}

void MeshTopicsPillar::look() {
    const MeshTopics::Has has = what_changed();
    const api::MeshFacts facts =
        mesh_facts(mesh_, {.nodes = has == MeshTopics::Has::Nodes, .links = true});
    topics_->update(facts, has, wall_now());
    topics_->tell_drops(mesh_.drop_samples().take());
    for (const NodeEvent& event : watch_.update(facts, has, wall_now())) {
        ground_.events.add(event);
    }
    mesh_.set_health(watch_.health());
    ground_.home().arm_after(timer_, kMeshTopicsInterval);
}

/// Every change of link state makes routes be computed again; that somebody is suspect does not.
MeshTopics::Has MeshTopicsPillar::what_changed() {
    if (!mesh_.is_on()) {
        return MeshTopics::Has::Nodes;
    }
    const mesh::MeshNode& node = mesh_.host().node();
    const std::vector<mesh::NeighborView> neighbors = node.neighbors();
    const auto suspects =
        static_cast<std::size_t>(std::ranges::count_if(neighbors, &mesh::NeighborView::is_suspect));
    const std::uint64_t spf_runs = node.counters().spf_runs;
    if (spf_runs == spf_runs_ && suspects == suspect_count_) {
        return MeshTopics::Has::NoNodes;
    }
    spf_runs_ = spf_runs;
    suspect_count_ = suspects;
    return MeshTopics::Has::Nodes;
}

void MeshTopicsPillar::drain() {
    ground_.at_home([this] { timer_.cancel(); });
}

}  // namespace kith::node
