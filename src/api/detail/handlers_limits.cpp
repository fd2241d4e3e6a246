// GET /api/v1/limits: every limit, what is used of it, and how often it was met.
#include "api/detail/answers.h"
#include "api/detail/handlers.h"

namespace kith::api {
namespace {

void write_limit(json::Writer& json, const broker::LimitView& view) {
    const broker::LimitFacts& facts = broker::facts_of(view.limit);
    json.begin_object();
    json.field("name", facts.name);
    json.field("key", facts.key);
    json.field("unit", facts.unit);
    json.field("value", view.value);
    if (view.used) {
        json.field("used", *view.used);
    } else {
        json.null_field("used");
    }
    json.field("reached_count", view.count.reached_count);
    if (view.count.last_reached_at.ms() != 0) {
        json.field("last_reached_at", view.count.last_reached_at);
    } else {
        json.null_field("last_reached_at");
    }
    json.end_object();
}

}  // namespace

void Handlers::get_limits(const Call&, const Respond& respond) {
    state_->sampler.need_totals([this, respond] {
        respond(list_response(state_->usage.latest()->totals.limits, write_limit));
    });
}

}  // namespace kith::api
