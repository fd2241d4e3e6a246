#include "wire/mqtt/properties.h"

#include "base/byte_reader.h"
#include "base/check.h"
#include "wire/mqtt/detail/property_block.h"

namespace kith::mqtt {
namespace {

std::string_view read_text(ByteReader& reader) {
    const std::uint16_t length = reader.u16();
    return as_text(reader.bytes(length));
}

struct Entry {
    UserProperty property;
    Bytes rest;
};

Entry first_entry(Bytes run) {
    ByteReader reader(run);
    const std::uint8_t id = reader.u8();
    Entry entry;
    entry.property.name = read_text(reader);
    entry.property.value = read_text(reader);
    entry.rest = reader.rest();
    CHECK(id == static_cast<std::uint8_t>(PropertyId::UserProperty));
    CHECK(!reader.failed());
    return entry;
}

}  // namespace

UserProperty UserProperties::Iterator::operator*() const {
    return first_entry(rest_).property;
}

UserProperties::Iterator& UserProperties::Iterator::operator++() {
    rest_ = first_entry(rest_).rest;
    return *this;
}

UserProperties::Iterator UserProperties::Iterator::operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
}

Result<MessageProperties> MessageProperties::from_encoded(Bytes run) {
    detail::ByteScratch scratch;
    TRY(detail::PropertyBlock::check_run(run, scratch, {.allowed = detail::kForwardedProperties}));
    return MessageProperties{.encoded = run};
}

MessageProperties::Item MessageProperties::take_item(Bytes& run) {
    ByteReader reader(run);
    Item item;
    item.id = static_cast<PropertyId>(reader.u8());
    if (item.id == PropertyId::PayloadFormatIndicator) {
        item.value = reader.bytes(1);
    } else {
        item.value = as_bytes(read_text(reader));
    }
    if (item.id == PropertyId::UserProperty) {
        item.second = as_bytes(read_text(reader));
    }
    CHECK(!reader.failed());
    run = reader.rest();
    return item;
}

MessageProperties::Fields MessageProperties::fields() const {
    Fields fields;
    Bytes rest = encoded;
    while (!rest.empty()) {
        const Item item = take_item(rest);
        if (item.id == PropertyId::PayloadFormatIndicator) {
            fields.payload_format_indicator = item.value[0];
        } else if (item.id == PropertyId::ContentType) {
            fields.content_type = as_text(item.value);
        } else if (item.id == PropertyId::ResponseTopic) {
            fields.response_topic = as_text(item.value);
        } else if (item.id == PropertyId::CorrelationData) {
            fields.correlation_data = item.value;
        } else {
            CHECK(item.id == PropertyId::UserProperty);
        }
    }
    return fields;
}

}  // namespace kith::mqtt
