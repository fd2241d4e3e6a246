// Answers about topics: levels, search, one topic; and publishing.
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/handlers.h"
#include "api/json_views.h"
#include "api/limits.h"
#include "api/topic_search.h"
#include "base/utf8.h"
#include "bus/topic.h"
#include "bus/topic_access.h"
#include "crypto/base64.h"

namespace kith::api {
namespace {

constexpr std::size_t kSubscribersShown = 20;
constexpr std::size_t kUserPropertiesMax = 32;
constexpr std::size_t kPropertyBytesMax = 1024;

/// Places in a list of levels: the name of the last one shown, which may be empty.
std::string to_cursor(std::string_view name) {
    return crypto::to_base64(as_bytes("n" + std::string(name)), crypto::Base64::Url);
}

std::optional<std::string> from_cursor(std::string_view cursor) {
    const auto place = crypto::from_base64(cursor, crypto::Base64::Url);
    if (!place || place->empty() || place->front() != 'n') {
        return std::nullopt;
    }
    return std::string(as_text(*place).substr(1));
}

/// The topics among the rows: what can have subscribers.
std::vector<std::string> topics_in(const std::vector<TopicRow>& rows) {
    std::vector<std::string> topics;
    for (const TopicRow& row : rows) {
        if (row.is_topic) {
            topics.push_back(row.path);
        }
    }
    return topics;
}

http::Response topic_unknown() {
    return to_response({.status = 404,
                        .code = "topic.unknown",
                        .detail = "nothing was published there that this node remembers"});
}

TopicListQuery list_query(QueryReader& query) {
    TopicListQuery wanted{.parent = query.text("parent"),
                          .retained_only = query.flag("retained"),
                          .with_reserved = query.flag("sys"),
                          .limit = query.limit(500),
                          .after = {},
                          .has_after = query.has("cursor")};
    if (wanted.has_after) {
        const auto after = from_cursor(query.text("cursor"));
        if (!after) {
            query.refuse("the cursor does not belong to this list");
        }
        wanted.after = after.value_or("");
    }
    return wanted;
}

http::Response level_response(const TopicList& list, const TopicTotals& totals) {
    return object_response([&](json::Writer& json) {
        write_items(json, list.rows, kAsView);
        json.key("next");
        list.has_more ? json.value(to_cursor(list.rows.back().name)) : json.null();
        json.key("totals");
        json.begin_object();
        json.field("topics", totals.topic_count);
        json.field("retained", totals.retained_count);
        json.field("messages_per_s", rounded(totals.messages_per_s));
        json.end_object();
    });
}

void read_payload(Body& body, PublishOrder& order) {
    const auto text = body.optional_text("payload");
    const auto base64 = body.optional_text("payload_base64");
    if (text.has_value() == base64.has_value()) {
        body.refuse("a message has `payload` or `payload_base64`");
        return;
    }
    if (text) {
        order.payload = *text;
        return;
    }
    const auto bytes = crypto::from_base64(*base64, crypto::Base64::Padded);
    if (!bytes) {
        body.refuse("`payload_base64` is not base64");
        return;
    }
    order.payload = as_text(*bytes);
}

void read_properties(Body& body, PublishOrder& order) {
    order.content_type = body.optional_text("content_type").value_or("");
    order.response_topic = body.optional_text("response_topic").value_or("");
    const bool is_short = order.content_type.size() <= kPropertyBytesMax &&
                          order.response_topic.size() <= kPropertyBytesMax;
    const json::View properties = body.member("user_properties");
    if (!is_short || properties.size() > kUserPropertiesMax ||
        (properties.exists() && !properties.is_null() && !properties.is_array())) {
        body.refuse("the properties are too many, too long or no array");
        return;
    }
    for (std::size_t i = 0; i < properties.size(); ++i) {
        const auto name = properties.at(i).at(0).text();
        const auto value = properties.at(i).at(1).text();
        if (!name || !value || properties.at(i).size() != 2 ||
            name->size() + value->size() > kPropertyBytesMax) {
            body.refuse("`user_properties` has pairs of short texts: [[\"k\",\"v\"]]");
            return;
        }
        order.user_properties.emplace_back(*name, *value);
    }
}

/// Topics, like every text of MQTT, have rules of their own on top of UTF-8.
bool is_publishable(const std::string& topic) {
    return is_mqtt_utf8(as_bytes(topic)) && bus::TopicName::create(topic).has_value();
}

/// Machines speak for themselves: over HTTP nobody may do what an MQTT client of that role may not.
/// What belongs to the node is refused by the broker's side. Requires: is_publishable().
bool speaks_for_a_machine(const std::string& topic, bus::Role role) {
    return topic.starts_with("$m/") &&
           !bus::may_publish({.name = {}, .role = role}, "", bus::TopicName::trusted(topic));
}

http::Response machine_topic_refused() {
    return to_response({.status = 403,
                        .code = "topic.forbidden",
                        .detail = "only the machine itself and administrators write there"});
}

}  // namespace

void Handlers::get_topics(const Call& call, const Respond& respond) {
    if (call.request.query.find("name")) {
        show_topic(call, respond);
    } else if (call.request.query.find("q")) {
        search_topics(call, respond);
    } else {
        list_level(call, respond);
    }
}

void Handlers::list_level(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const TopicListQuery wanted = list_query(query);
    if (is_refused(query, respond)) {
        return;
    }
    const auto list = state_->topics.children(wanted);
    if (!list) {
        respond(topic_unknown());
        return;
    }
    const std::vector<std::string> topics = topics_in(list->rows);
    state_->parts.backend.subscriber_counts(
        topics, [this, wanted, topics, respond](const std::vector<std::uint32_t>& counts) {
            for (std::size_t i = 0; i < topics.size() && i < counts.size(); ++i) {
                state_->topics.set_subscriber_count(topics[i], counts[i]);
            }
            // Asked again: what was borrowed before may have changed meanwhile.
            const auto now = state_->topics.children(wanted);
            respond(now ? level_response(*now, state_->topics.totals()) : topic_unknown());
        });
}

void Handlers::search_topics(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const std::size_t limit = query.limit(200);
    if (is_refused(query, respond)) {
        return;
    }
    const auto search = TopicSearch::parse(query.text("q"));
    if (!search) {
        Problem problem = to_problem(search.error(), "search");
        problem.status = 400;
        respond(to_response(problem));
        return;
    }
    const std::uint64_t started_us = state_->parts.ticks_us();
    const TopicMatches matches = state_->topics.search(*search, limit);
    const std::uint64_t took_us = state_->parts.ticks_us() - started_us;
    respond(object_response([&](json::Writer& json) {
        write_items(json, matches.rows, kAsView);
        json.null_field("next");
        json.field("matches", matches.match_count);
        json.field("took_ms", static_cast<double>(took_us) / 1000);
    }));
}

void Handlers::show_topic(const Call& call, const Respond& respond) {
    const std::string name(*call.request.query.find("name"));
    state_->parts.backend.subscribers(
        name, kSubscribersShown,
        [this, name, respond](const std::vector<std::string>& subscribers) {
            const auto row = state_->topics.topic(name);
            respond(row ? view_response(TopicDetailView{.row = *row, .subscribers = subscribers})
                        : topic_unknown());
        });
}

void Handlers::delete_topic(const Call& call, const Respond& respond) {
    const std::string name(call.request.query.find("name").value_or(""));
    if (!is_publishable(name)) {
        respond(to_response(
            {.status = 400, .code = "topic.invalid", .detail = "`name` is the topic to clear"}));
        return;
    }
    if (speaks_for_a_machine(name, call.caller.role)) {
        respond(machine_topic_refused());
        return;
    }
    // A retained message without payload takes the retained one away [MQTT-3.3.1-6].
    PublishOrder order{.topic = name, .retain = true, .published_by = call.caller.principal};
    state_->parts.backend.publish(order, [respond](const Result<PublishReceipt>& cleared) {
        respond(cleared ? no_content() : error_response(cleared.error(), "topic"));
    });
}

void Handlers::post_publish(const Call& call, const Respond& respond) {
    Body body(call.request.body);
    PublishOrder order;
    order.topic = body.text("topic");
    order.qos = static_cast<Qos>(body.optional_integer("qos", 0, 2).value_or(0));
    order.retain = body.flag("retain");
    order.published_by = call.caller.principal;
    read_payload(body, order);
    read_properties(body, order);
    if (is_refused(body, respond)) {
        return;
    }
    if (!is_publishable(order.topic)) {
        respond(
            to_response({.status = 400,
                         .code = "topic.invalid",
                         .detail = "`topic` is no topic to publish to: 1 to 1024 bytes, at most "
                                   "32 levels, no + or #"}));
        return;
    }
    if (speaks_for_a_machine(order.topic, call.caller.role)) {
        respond(machine_topic_refused());
        return;
    }
    state_->parts.backend.publish(order, [respond](const Result<PublishReceipt>& receipt) {
        if (!receipt) {
            respond(error_response(receipt.error(), "publish"));
            return;
        }
        std::string text;
        json::Writer json(text);
        json.begin_object();
        json.field("accepted", true);
        json.field("durable", receipt->is_durable);
        json.field("receivers", receipt->receiver_count);
        json.end_object();
        respond(json_response(std::move(text)));
    });
}

}  // namespace kith::api
