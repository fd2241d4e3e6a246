#include "wire/mqtt/encoder.h"

#include "wire/mqtt/detail/packet_writer.h"

namespace kith::mqtt {
namespace {

template <typename Out>
void put_user_property(Out& out, UserProperty property) {
    out.u8(static_cast<std::uint8_t>(PropertyId::UserProperty));
    detail::put_utf8(out, property.name);
    detail::put_utf8(out, property.value);
}

template <typename Out>
void put_fields(Out& out, const MessageProperties::Fields& fields) {
    detail::put_number(out, PropertyId::PayloadFormatIndicator, fields.payload_format_indicator);
    detail::put_utf8(out, PropertyId::ContentType, fields.content_type);
    detail::put_utf8(out, PropertyId::ResponseTopic, fields.response_topic);
    detail::put_binary(out, PropertyId::CorrelationData, fields.correlation_data);
}

/// Appends what `put(out)` writes.
template <typename Put>
void append(std::vector<std::uint8_t>& run, const Put& put) {
    const std::size_t begin = run.size();
    run.resize(begin + detail::count_bytes(put));
    ByteWriter writer(MutableBytes(run).subspan(begin));
    put(writer);
}

}  // namespace

void append_user_property(std::vector<std::uint8_t>& run, UserProperty property) {
    append(run, [property](auto& out) { put_user_property(out, property); });
}

std::vector<std::uint8_t> encode_message_properties(const MessageProperties::Fields& fields,
                                                    std::span<const UserProperty> user_properties) {
    std::vector<std::uint8_t> run;
    append(run, [&](auto& out) {
        put_fields(out, fields);
        for (const UserProperty& property : user_properties) {
            put_user_property(out, property);
        }
    });
    return run;
}

}  // namespace kith::mqtt
