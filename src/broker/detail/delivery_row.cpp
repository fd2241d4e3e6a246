#include "broker/detail/delivery_row.h"

#include "base/narrow.h"

namespace kith::broker {

boost::container::small_vector<std::uint8_t, 8> encode_identifiers(
    std::span<const std::uint32_t> identifiers) {
    boost::container::small_vector<std::uint8_t, 8> encoded;
    for (std::uint32_t identifier : identifiers) {
        while (identifier >= 0x80) {
            encoded.push_back(static_cast<std::uint8_t>(identifier | 0x80));
            identifier >>= 7;
        }
        encoded.push_back(static_cast<std::uint8_t>(identifier));
    }
    return encoded;
}

boost::container::small_vector<std::uint8_t, 8> encode_identifiers(
    std::span<const std::uint32_t> identifiers, const bus::MessageSource& source) {
    boost::container::small_vector<std::uint8_t, 8> encoded = encode_identifiers(identifiers);
    encoded.push_back(0);
    for (const std::uint64_t word : {source.node, source.number}) {
        for (unsigned shift = 0; shift < 64; shift += 8) {
            encoded.push_back(static_cast<std::uint8_t>(word >> shift));
        }
    }
    return encoded;
}

bus::MessageSource decode_source(Bytes encoded) {
    std::size_t at = 0;
    while (at < encoded.size() && encoded[at] != 0) {
        while (at < encoded.size() && (encoded[at] & 0x80U) != 0) {
            ++at;
        }
        ++at;
    }
    constexpr std::size_t kSourceBytes = 16;
    if (at >= encoded.size() || encoded.size() - at - 1 != kSourceBytes) {
        return {};
    }
    const auto word = [&](std::size_t from) {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < 8; ++i) {
            value |= std::uint64_t{encoded[from + i]} << (8 * i);
        }
        return value;
    };
    return {.node = word(at + 1), .number = word(at + 9)};
}

IdentifierList decode_identifiers(Bytes encoded) {
    IdentifierList identifiers;
    std::uint32_t value = 0;
    unsigned shift = 0;
    for (const std::uint8_t byte : encoded) {
        value |= static_cast<std::uint32_t>(byte & 0x7FU) << shift;
        if ((byte & 0x80U) == 0) {
            if (value == 0) {
                break;  // what follows names the message
            }
            identifiers.push_back(value);
            value = 0;
            shift = 0;
        } else if ((shift += 7) > 21) {
            break;  // longer than any that was written
        }
    }
    return identifiers;
}

storage::DeliveryRecord to_record(const DeliveryRow& row, const StoredMessage& message) {
    return {.session = row.session,
            .sequence = row.sequence,
            .message = message.id(),
            .qos = row.qos,
            .retain = row.retain,
            .state = storage::DeliveryState::Queued,
            .size_bytes = narrow<std::uint32_t>(message.size_bytes()),
            .expires_at = message.expires_at(),
            .subscription_identifiers = Bytes(row.identifiers.data(), row.identifiers.size())};
}

}  // namespace kith::broker
