#include "broker/detail/machine_entry.h"

#include "base/hash.h"
#include "broker/detail/mesh_interest.h"
#include "broker/detail/router.h"
#include "broker/detail/session.h"
#include "broker/detail/shard_broker.h"
#include "json/document.h"
#include "json/writer.h"

namespace kith::broker {
namespace {

constexpr std::size_t kEntryDepthMax = 3;

Status check_text(json::View value, const char* wrong) {
    if (!value.exists()) {
        return {};
    }
    const auto text = value.text();
    if (!text || text->empty() || text->size() > kEntryWordBytesMax) {
        return fail(ErrorKind::Malformed, wrong);
    }
    return {};
}

Status check_texts(json::View list, const char* wrong) {
    if (!list.exists()) {
        return {};
    }
    if (!list.is_array() || list.size() > kEntryWordsMax) {
        return fail(ErrorKind::Malformed, wrong);
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (!list.at(i).text()) {
            return fail(ErrorKind::Malformed, wrong);
        }
        TRY(check_text(list.at(i), wrong));
    }
    return {};
}

void write_texts(json::Writer& json, std::string_view name, json::View list) {
    json.key(name);
    json.begin_array();
    for (std::size_t i = 0; i < list.size(); ++i) {
        json.value(*list.at(i).text());
    }
    json.end_array();
}

/// On the shard that orders the topic, where everybody's last word is known.
void clear_entry(ShardContext& context, const std::string& topic) {
    const RetainedMessage* entry = context.space(kDefaultTenant).retained.find(topic);
    if (entry == nullptr ||
        !is_entry_of(as_text(entry->view().payload), context.mesh_interest->own_id())) {
        return;
    }
    context.router->publish({.topic = bus::TopicName::trusted(topic),
                             .payload = {},
                             .properties = {},
                             .qos = Qos::AtLeastOnce,
                             .retain = true,
                             .published_at = context.shard.wall_now()},
                            PublishOrigin{});
}

}  // namespace

Result<std::string> complete_entry(std::string_view said, const EntryFacts& facts) {
    TRY_ASSIGN(const json::Document document,
               json::Document::parse(said, {.bytes_max = kEntryBytesMax,
                                            .depth_max = kEntryDepthMax,
                                            .unique_names = true}));
    const json::View root = document.root();
    if (!root.is_object() || !root["type"].exists()) {
        return fail(ErrorKind::Malformed, "not an object with a type");
    }
    for (const std::string_view name : {"type", "name", "td"}) {
        TRY(check_text(root[name], "type, name and td are short texts"));
    }
    for (const std::string_view name : {"capabilities", "topics"}) {
        TRY(check_texts(root[name], "capabilities and topics are short lists of texts"));
    }
    std::string entry;
    json::Writer json(entry);
    json.begin_object();
    for (const std::string_view name : {"type", "name", "td"}) {
        if (root[name].exists()) {
            json.field(name, *root[name].text());
        }
    }
    write_texts(json, "capabilities", root["capabilities"]);
    write_texts(json, "topics", root["topics"]);
    if (facts.node.empty()) {
        json.null_field("node");
    } else {
        json.field("node", facts.node);
    }
    json.field("since", facts.since);
    json.end_object();
    return entry;
}

bool is_entry_of(std::string_view entry, std::string_view node) {
    const Result<json::Document> document = json::Document::parse(entry);
    return document && document->root()["node"].text().value_or("") == node;
}

void withdraw_entry(ShardContext& context, const Session& session) {
    const std::string topic = std::string(kDirectoryPrefix).append(session.machine());
    const ShardId owner(static_cast<std::uint16_t>(hash_text(topic) % context.shard.shard_count()));
    if (owner == context.shard.id()) {
        clear_entry(context, topic);
        return;
    }
    context.shard.post(owner, [node = &context.node, owner, topic](runtime::Shard&) {
        clear_entry(node->shards[owner.value()]->context(), topic);
    });
}

}  // namespace kith::broker
