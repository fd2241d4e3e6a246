#include "api/machine_board.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace kith::api {
namespace {

constexpr Duration kRefreshIntervalMin = 1s;
/// So many sessions are gathered a second at most: some 10 ms of work spread over all shards.
constexpr std::int64_t kMachinesPerSecond = 20'000;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view part) {
    const auto found = std::search(text.begin(), text.end(), part.begin(), part.end(),
                                   [](char a, char b) { return lower(a) == lower(b); });
    return part.empty() || found != text.end();
}

bool is_wanted(const broker::ClientView& view, const MachineQuery& query) {
    if ((query.state == MachineState::Online && !view.is_online) ||
        (query.state == MachineState::Offline && view.is_online)) {
        return false;
    }
    return contains(view.client_id, query.text) || contains(view.principal, query.text) ||
           contains(view.remote_address, query.text);
}

/// Connected ones were seen last: now.
WallTime last_seen(const broker::ClientView& view) {
    return view.is_online ? WallTime::from_ms(INT64_MAX) : view.disconnected_at;
}

/// What a row shows; counters that only grow are compared by one of them.
bool is_same(const broker::ClientView& a, const broker::ClientView& b) {
    return a.is_online == b.is_online && a.connected_at == b.connected_at &&
           a.disconnected_at == b.disconnected_at && a.bytes_in == b.bytes_in &&
           a.bytes_out == b.bytes_out && a.queued_messages == b.queued_messages &&
           a.inflight_messages == b.inflight_messages &&
           a.subscription_count == b.subscription_count &&
           a.session_expiry_interval_s == b.session_expiry_interval_s;
}

double per_second(std::uint64_t now, std::uint64_t before, double span_s) {
    return now < before || span_s <= 0 ? 0 : static_cast<double>(now - before) / span_s;
}

void sort(std::vector<const MachineRow*>& rows, MachineOrder order) {
    switch (order) {
        case MachineOrder::Id:
            return;  // as they are kept
        case MachineOrder::LastSeen:
            std::ranges::stable_sort(rows, std::greater<>(),
                                     [](const MachineRow* row) { return last_seen(row->view); });
            return;
        case MachineOrder::MessagesIn:
            std::ranges::stable_sort(rows, std::greater<>(),
                                     [](const MachineRow* row) { return row->view.messages_in; });
            return;
    }
}

/// By id a page goes on behind a name, whatever came and went; by other orders behind a place.
std::string cursor_behind(const MachineQuery& query, const MachineRow& last, std::size_t place) {
    return query.order == MachineOrder::Id ? "id:" + last.view.client_id
                                           : "at:" + std::to_string(place);
}

Result<std::size_t> start_of(const MachineQuery& query,
                             const std::vector<const MachineRow*>& rows) {
    std::string_view cursor = query.cursor;
    if (cursor.empty()) {
        return std::size_t{0};
    }
    if (query.order == MachineOrder::Id && cursor.starts_with("id:")) {
        const auto behind = std::ranges::upper_bound(
            rows, cursor.substr(3), {},
            [](const MachineRow* row) { return std::string_view(row->view.client_id); });
        return static_cast<std::size_t>(behind - rows.begin());
    }
    if (query.order != MachineOrder::Id && cursor.starts_with("at:")) {
        cursor.remove_prefix(3);
        std::size_t place = 0;
        const auto [end, error] =
            std::from_chars(cursor.data(), cursor.data() + cursor.size(), place);
        if (error == std::errc() && end == cursor.data() + cursor.size()) {
            return std::min(place, rows.size());
        }
    }
    return fail(ErrorKind::Invalid, "the cursor does not belong to this list");
}

}  // namespace

void MachineBoard::refresh(std::function<void()> done) {
    if (is_taken_ && shard_->now() - taken_at_ < refresh_interval()) {
        done();
        return;
    }
    waiting_.push_back(std::move(done));
    if (waiting_.size() > 1) {
        return;  // already asked
    }
    backend_->machines([this](std::vector<broker::ClientView> views) {
        take(std::move(views));
        for (const auto& waiting : std::exchange(waiting_, {})) {
            waiting();
        }
    });
}

Duration MachineBoard::refresh_interval() const {
    const auto count = static_cast<std::int64_t>(rows_.size());
    return std::max(kRefreshIntervalMin, Duration(1s) * count / kMachinesPerSecond);
}

void MachineBoard::take(std::vector<broker::ClientView> views) {
    const Instant now = shard_->now();
    const double span_s = std::chrono::duration<double>(now - taken_at_).count();
    std::ranges::sort(views, {}, &broker::ClientView::client_id);
    std::vector<MachineRow> rows;
    rows.reserve(views.size());
    for (broker::ClientView& view : views) {
        const MachineRow* before = find(view.client_id);
        MachineRow row{.view = std::move(view)};
        if (before != nullptr && is_taken_) {
            row.messages_in_per_s =
                per_second(row.view.messages_in, before->view.messages_in, span_s);
            row.messages_out_per_s =
                per_second(row.view.messages_out, before->view.messages_out, span_s);
        }
        const bool was_moving =
            before != nullptr && (before->messages_in_per_s > 0 || before->messages_out_per_s > 0);
        const bool is_unchanged =
            before != nullptr && !was_moving && is_same(before->view, row.view);
        row.changed_number = is_unchanged ? before->changed_number : ++change_number_;
        rows.push_back(std::move(row));
    }
    rows_ = std::move(rows);
    taken_at_ = now;
    is_taken_ = true;
}

Result<MachinePage> MachineBoard::list(const MachineQuery& query) const {
    std::vector<const MachineRow*> wanted;
    MachinePage page;
    for (const MachineRow& row : rows_) {
        if (is_wanted(row.view, query)) {
            wanted.push_back(&row);
            page.online += row.view.is_online ? 1U : 0U;
        }
    }
    page.total = wanted.size();
    sort(wanted, query.order);
    TRY_ASSIGN(const std::size_t begin, start_of(query, wanted));
    const std::size_t end = std::min(begin + query.limit, wanted.size());
    for (std::size_t i = begin; i < end; ++i) {
        page.rows.push_back(wanted[i]);
    }
    if (end < wanted.size() && !page.rows.empty()) {
        page.next = cursor_behind(query, *page.rows.back(), end);
    }
    return page;
}

const MachineRow* MachineBoard::find(std::string_view id) const {
    const auto found = std::ranges::lower_bound(
        rows_, id, {}, [](const MachineRow& row) { return std::string_view(row.view.client_id); });
    return found != rows_.end() && found->view.client_id == id ? &*found : nullptr;
}

}  // namespace kith::api
