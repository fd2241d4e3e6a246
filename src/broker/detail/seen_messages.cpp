#include "broker/detail/seen_messages.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

constexpr std::string_view kNamePrefix = "sn";
constexpr std::string_view kOwnerPrefix = "so";
constexpr std::size_t kNameKeyBytes = 2 + 8 + 2;
constexpr std::size_t kNameValueBytes = 3 * 8;
constexpr std::size_t kOwnerKeyBytes = 2 + 8 + 8;

std::array<std::uint8_t, kNameKeyBytes> name_key(SessionId session, std::uint64_t place) {
    std::array<std::uint8_t, kNameKeyBytes> key{};
    ByteWriter out(key);
    out.bytes(as_bytes(kNamePrefix));
    out.u64(session.value());
    out.u16(static_cast<std::uint16_t>(place % kMoveSeenMax));
    return key;
}

std::array<std::uint8_t, kOwnerKeyBytes> owner_key(SessionId session, std::uint64_t node) {
    std::array<std::uint8_t, kOwnerKeyBytes> key{};
    ByteWriter out(key);
    out.bytes(as_bytes(kOwnerPrefix));
    out.u64(session.value());
    out.u64(node);
    return key;
}

static_assert(kMoveSeenMax <= 65'536, "a slot has two bytes");

}  // namespace

bool is_seen_mark(Bytes key) {
    const std::string_view text = as_text(key);
    return (key.size() == kNameKeyBytes && text.starts_with(kNamePrefix)) ||
           (key.size() == kOwnerKeyBytes && text.starts_with(kOwnerPrefix));
}

std::optional<SeenMark> decode_seen_mark(Bytes key, Bytes value) {
    ByteReader in(key.subspan(kNamePrefix.size()));
    SeenMark mark{.session = SessionId(in.u64())};
    if (as_text(key).starts_with(kOwnerPrefix)) {
        mark.source.node = in.u64();
        return mark;
    }
    ByteReader said(value);
    mark.place = said.u64();
    mark.source.node = said.u64();
    mark.source.number = said.u64();
    const bool is_valid = !said.failed() && mark.place != 0 && mark.source.number != 0 &&
                          mark.place % kMoveSeenMax == in.u16();
    return is_valid ? std::optional(mark) : std::nullopt;
}

void put_seen_mark(storage::WriteBatch& batch, const SeenMark& mark) {
    if (mark.place == 0) {
        const std::array<std::uint8_t, 1> there{1};
        batch.put_mark({.key = owner_key(mark.session, mark.source.node), .value = there});
        return;
    }
    std::array<std::uint8_t, kNameValueBytes> value{};
    ByteWriter out(value);
    out.u64(mark.place);
    out.u64(mark.source.node);
    out.u64(mark.source.number);
    batch.put_mark({.key = name_key(mark.session, mark.place), .value = value});
}

void delete_seen_mark(storage::WriteBatch& batch, const SeenMark& mark) {
    if (mark.place == 0) {
        batch.delete_mark(owner_key(mark.session, mark.source.node));
    } else {
        batch.delete_mark(name_key(mark.session, mark.place));
    }
}

void SeenMessages::watch(SessionId session, Instant until, Instant at_last) {
    Seen& seen = sessions_[session];
    seen.until = until;
    seen.at_last = at_last;
}

bool SeenMessages::add(SessionId session, const bus::MessageSource& source) {
    Seen& seen = sessions_[session];
    const Name name{source.node, source.number};
    if (seen.places.contains(name)) {
        return false;
    }
    put(seen, seen.order.empty() ? 1 : seen.order.rbegin()->first + 1, name);
    return true;
}

void SeenMessages::put(Seen& seen, std::uint64_t place, const Name& name) {
    seen.places.emplace(name, place);
    seen.order.emplace(place, name);
    if (seen.order.size() > kMoveSeenMax) {
        seen.places.erase(seen.order.begin()->second);
        seen.order.erase(seen.order.begin());
    }
}

std::uint64_t SeenMessages::place_of(SessionId session, const bus::MessageSource& source) const {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
        return 0;
    }
    const auto place = found->second.places.find(Name{source.node, source.number});
    return place == found->second.places.end() ? 0 : place->second;
}

void SeenMessages::restore(const SeenMark& mark) {
    if (mark.place == 0) {
        add_owner(mark.session, bus::PeerId(mark.source.node));
        return;
    }
    Seen& seen = sessions_[mark.session];
    const Name name{mark.source.node, mark.source.number};
    if (!seen.places.contains(name) && !seen.order.contains(mark.place)) {
        put(seen, mark.place, name);
    }
}

void SeenMessages::add_owner(SessionId session, bus::PeerId node) {
    std::vector<bus::PeerId>& owners = sessions_[session].owners;
    if (std::ranges::find(owners, node) != owners.end()) {
        return;
    }
    if (owners.size() == kMoveOwnersMax) {
        owners.erase(owners.begin());
    }
    owners.push_back(node);
}

void SeenMessages::remove_owner(SessionId session, bus::PeerId node, storage::WriteBatch& batch) {
    const auto found = sessions_.find(session);
    if (found != sessions_.end() && std::erase(found->second.owners, node) != 0) {
        batch.delete_mark(owner_key(session, node.value()));
    }
}

const std::vector<bus::PeerId>& SeenMessages::owners(SessionId session) const {
    return sessions_.at(session).owners;
}

bool SeenMessages::is_time_over(SessionId session, Instant now) const {
    return sessions_.at(session).until <= now;
}

bool SeenMessages::is_over(SessionId session, Instant now) const {
    const Seen& seen = sessions_.at(session);
    return (seen.until <= now && seen.owners.empty()) || seen.at_last <= now;
}

void SeenMessages::forget(SessionId session, storage::WriteBatch& batch) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
        return;
    }
    for (const auto& [place, name] : found->second.order) {
        batch.delete_mark(name_key(session, place));
    }
    for (const bus::PeerId node : found->second.owners) {
        batch.delete_mark(owner_key(session, node.value()));
    }
    sessions_.erase(found);
}

}  // namespace kith::broker
