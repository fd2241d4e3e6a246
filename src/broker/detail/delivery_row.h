// One durable session's share in a message, between the shard that queues it and the one that
// commits.
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/qos.h"
#include "broker/detail/stored_message.h"
#include "storage/records.h"

namespace kith::broker {

using IdentifierList = boost::container::small_vector<std::uint32_t, 1>;

struct DeliveryRow {
    SessionId session;
    std::uint64_t sequence = 0;  // place in the session's queue
    Qos qos = Qos::AtLeastOnce;
    bool retain = false;
    /// Of a session that has come from another node: where the message's name, which stands behind
    /// `identifiers`, is among those that it has had (SeenMessages). 0: it needs none.
    std::uint32_t name_place = 0;
    boost::container::small_vector<std::uint8_t, 8>
        identifiers;  // encoded, as the store wants them
};

/// MQTT variable byte integers (section 1.5.5), one after another.
[[nodiscard]] boost::container::small_vector<std::uint8_t, 8> encode_identifiers(
    std::span<const std::uint32_t> identifiers);
/// The same, and behind a 0, which no identifier is, the name of the message: for a session that
/// moves to another node, where the message may come in two ways.
[[nodiscard]] boost::container::small_vector<std::uint8_t, 8> encode_identifiers(
    std::span<const std::uint32_t> identifiers, const bus::MessageSource& source);
/// The reverse, for bytes of the store: what is not whole is left out.
[[nodiscard]] IdentifierList decode_identifiers(Bytes encoded);
/// The name behind them; none if there is none.
[[nodiscard]] bus::MessageSource decode_source(Bytes encoded);

/// The row of `message`, borrowed from `row`.
[[nodiscard]] storage::DeliveryRecord to_record(const DeliveryRow& row,
                                                const StoredMessage& message);

}  // namespace kith::broker
