// Answers about machines: the list, one of them, its messages, and a new one on its way.
#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "api/connect_state.h"
#include "api/detail/answers.h"
#include "api/detail/body.h"
#include "api/detail/cursor.h"
#include "api/detail/handlers.h"
#include "api/json_views.h"
#include "api/limits.h"

namespace kith::api {
namespace {

constexpr std::size_t kPublishedTopicsShown = 20;

template <typename Value, std::size_t kCount>
Value one_of(QueryReader& query, std::string_view name,
             const std::pair<std::string_view, Value> (&choices)[kCount]) {
    const std::string text = query.text(name);
    if (text.empty()) {
        return choices[0].second;
    }
    for (const auto& [word, value] : choices) {
        if (word == text) {
            return value;
        }
    }
    query.refuse("`" + std::string(name) + "` has a value that it cannot have");
    return choices[0].second;
}

MachineQuery machine_query(QueryReader& query) {
    static constexpr std::pair<std::string_view, MachineState> kStates[] = {
        {"all", MachineState::All},
        {"online", MachineState::Online},
        {"offline", MachineState::Offline}};
    static constexpr std::pair<std::string_view, MachineOrder> kOrders[] = {
        {"id", MachineOrder::Id},
        {"last_seen", MachineOrder::LastSeen},
        {"messages_in", MachineOrder::MessagesIn}};
    MachineQuery wanted{.text = query.text("q"),
                        .state = one_of(query, "state", kStates),
                        .order = one_of(query, "sort", kOrders),
                        .limit = query.limit(),
                        .cursor = {}};
    if (query.has("cursor")) {
        const auto place = from_cursor(query.text("cursor"));
        if (!place) {
            query.refuse("the cursor does not belong to this list");
        }
        wanted.cursor = place.value_or("");
    }
    return wanted;
}

http::Response machine_page(const MachinePage& page) {
    return object_response([&](json::Writer& json) {
        write_items(json, page.rows,
                    [](json::Writer& to, const MachineRow* row) { write(to, *row); });
        json.key("next");
        page.next.empty() ? json.null() : json.value(to_cursor(page.next));
        json.field("total", page.total);
        json.field("online", page.online);
    });
}

http::Response machine_unknown() {
    return to_response({.status = 404,
                        .code = "machine.unknown",
                        .detail = "this node knows no machine of that name"});
}

}  // namespace

void Handlers::get_machines(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const MachineQuery wanted = machine_query(query);
    if (is_refused(query, respond)) {
        return;
    }
    state_->machines.refresh([this, wanted, respond] {
        const auto page = state_->machines.list(wanted);
        respond(page ? machine_page(*page) : error_response(page.error(), "query"));
    });
}

void Handlers::get_machine(const Call& call, const Respond& respond) {
    const std::string id = call.parameters.at(0);
    state_->parts.backend.machine(
        id, [this, id, respond](const std::optional<broker::ClientDetail>& detail) {
            if (!detail) {
                respond(machine_unknown());
                return;
            }
            const auto published = state_->topics.published_by(id, kPublishedTopicsShown);
            respond(view_response(MachineDetailView{
                .detail = *detail, .row = state_->machines.find(id), .published = published}));
        });
}

void Handlers::get_machine_messages(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const std::size_t limit = query.limit(100, kRecordedMessagesMax);
    if (is_refused(query, respond)) {
        return;
    }
    const auto messages = state_->recorder.look(call.parameters.at(0), state_->parts.shard.now());
    if (!messages) {
        respond(error_response(messages.error(), "machine"));
        return;
    }
    // style: clang 14 does not compile std::views::reverse.
    std::vector<const KeptMessage*> newest;
    const std::deque<KeptMessage>& kept = **messages;
    for (auto message = kept.rbegin(); message != kept.rend() && newest.size() < limit; ++message) {
        newest.push_back(&*message);
    }
    respond(list_response(
        newest, [](json::Writer& json, const KeptMessage* message) { write(json, *message); }));
}

void Handlers::post_disconnect(const Call& call, const Respond& respond) {
    state_->parts.backend.disconnect(call.parameters.at(0), done_or_problem(respond, "machine"));
}

void Handlers::delete_machine(const Call& call, const Respond& respond) {
    state_->parts.backend.forget(call.parameters.at(0), done_or_problem(respond, "machine"));
}

void Handlers::get_connect_watch(const Call& call, const Respond& respond) {
    QueryReader query(call.request.query);
    const std::string id = query.text("id");
    if (id.empty()) {
        query.refuse("`id` is the name of the machine to wait for");
        respond(to_response(*query.problem()));
        return;
    }
    // Since its token was made; the newest one, if several go by this name.
    WallTime since;
    for (const access::TokenEntry* entry : state_->parts.registry.tokens().list()) {
        since = entry->name == id ? std::max(since, entry->created_at) : since;
    }
    state_->sampler.sample_topics([this, id, since, respond] {
        const std::vector<NodeEvent> events = state_->parts.backend.events(kEventsMax);
        respond(view_response(connect_state(id, since, events, state_->topics)));
    });
}

}  // namespace kith::api
