#include "wire/mqtt/detail/property_block.h"

#include "wire/mqtt/detail/topic_name.h"

namespace kith::mqtt::detail {
namespace {

Bytes read_topic_name(PacketReader& reader, const PropertyRule& rule) {
    const Bytes topic = reader.binary();
    if (!is_topic_name(topic)) [[unlikely]] {
        // [MQTT-3.3.2-13] is about the encoding, [MQTT-3.3.2-14] about the wildcards.
        reader.fail(is_mqtt_utf8(topic) ? protocol_error("response topic contains a wildcard")
                                        : malformed(rule.invalid_text));
    }
    if (topic.empty() && !reader.failed()) {
        reader.fail(protocol_error("response topic is empty"));  // [MQTT-4.7.3-1]
    }
    return topic;
}

}  // namespace

void EncodedRun::append(Bytes property) {
    if (!copied_) {
        if (view_.empty()) {
            view_ = property;
            return;
        }
        if (view_.data() + view_.size() == property.data()) {
            view_ = Bytes(view_.data(), view_.size() + property.size());
            return;
        }
        scratch_->assign(view_.begin(), view_.end());
        copied_ = true;
    }
    scratch_->insert(scratch_->end(), property.begin(), property.end());
}

PropertyBlock::PropertyBlock(PacketReader& reader, ByteScratch& scratch, const Options& options)
    : run_(scratch) {
    const std::uint32_t length = reader.variable_byte_integer();
    PacketReader block(reader.bytes(length));
    read_properties(block, options);
    if (const Status status = block.status(); !status) {
        reader.fail(status.error());
    }
}

Status PropertyBlock::check_run(Bytes run, ByteScratch& scratch, const Options& options) {
    PacketReader reader(run);
    PropertyBlock(scratch).read_properties(reader, options);
    return reader.status();
}

void PropertyBlock::read_properties(PacketReader& reader, const Options& options) {
    while (!reader.at_end()) {  // every turn takes a byte at least
        read_property(reader, options);
    }
}

void PropertyBlock::read_property(PacketReader& reader, const Options& options) {
    const std::uint8_t* begin = reader.rest().data();
    const std::uint8_t id_byte = reader.u8();
    if (id_byte >= kPropertyIdEnd || kPropertyRules[id_byte].form == PropertyForm::None) {
        reader.fail(malformed("unknown property"));
        return;
    }
    const auto id = static_cast<PropertyId>(id_byte);
    const PropertyRule& rule = kPropertyRules[id_byte];
    if (!options.allowed.contains(id)) {
        reader.fail(malformed(rule.misplaced_text));
        return;
    }
    const bool is_listed =
        id == PropertyId::SubscriptionIdentifier && options.subscription_identifiers != nullptr;
    const bool may_repeat = is_listed || id == PropertyId::UserProperty;
    if (!may_repeat && seen_.contains(id)) {
        reader.fail(protocol_error(rule.twice_text));
        return;
    }
    seen_.insert(id);
    const Value value = read_value(reader, rule);
    if (reader.failed()) {
        return;
    }
    values_[id_byte] = value;
    if (is_listed) {
        options.subscription_identifiers->push_back(value.number);
    }
    if (options.kept_encoded.contains(id)) {
        run_.append(Bytes(begin, reader.rest().data()));
    }
}

PropertyBlock::Value PropertyBlock::read_value(PacketReader& reader, const PropertyRule& rule) {
    const auto of_bytes = [](Bytes bytes) {
        return Value{bytes.data(), static_cast<std::uint32_t>(bytes.size())};
    };
    std::uint32_t number = 0;
    switch (rule.form) {
        case PropertyForm::None:
            break;
        case PropertyForm::Byte:
            number = reader.u8();
            break;
        case PropertyForm::TwoByteInteger:
            number = reader.u16();
            break;
        case PropertyForm::FourByteInteger:
            number = reader.u32();
            break;
        case PropertyForm::VariableByteInteger:
            number = reader.variable_byte_integer();
            break;
        case PropertyForm::Utf8:
            return of_bytes(as_bytes(reader.utf8(rule.invalid_text)));
        case PropertyForm::TopicName:
            return of_bytes(read_topic_name(reader, rule));
        case PropertyForm::Binary:
            return of_bytes(reader.binary());
        case PropertyForm::Utf8Pair:
            // Both halves follow the rules of strings [MQTT-1.5.7-1].
            (void)reader.utf8(rule.invalid_text);
            (void)reader.utf8(rule.invalid_text);
            break;
    }
    const bool in_range = number >= rule.min && number <= rule.max;
    if (!in_range && !reader.failed()) {
        reader.fail(protocol_error(rule.invalid_text, rule.out_of_range_reason));
    }
    return Value{nullptr, number};
}

}  // namespace kith::mqtt::detail
