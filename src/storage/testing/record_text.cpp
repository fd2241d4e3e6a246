#include "storage/testing/record_text.h"

#include <iterator>

#include <fmt/format.h>

namespace kith::storage::testing {
namespace {

/// Bytes beyond this many are shown as their count only; tests use telling first bytes.
constexpr std::size_t kBytesShownMax = 64;

std::string text_of(Bytes bytes) {
    return fmt::format("{}:{}", bytes.size(),
                       to_hex(bytes.first(std::min(bytes.size(), kBytesShownMax))));
}

std::string text_of(const SessionRecord& s) {
    return fmt::format("session {} tenant={} client={} principal={} expiry={} version={} at={} {}",
                       s.id.value(), s.tenant.value(), s.client_id, s.principal,
                       s.session_expiry_interval_s, s.protocol_version, s.disconnected_at.ms(),
                       text_of(s.will));
}

std::string text_of(const SubscriptionRecord& s) {
    return fmt::format("subscription {} {} options={} identifier={}", s.session.value(), s.filter,
                       s.options, s.subscription_identifier);
}

std::string text_of(const MessageRecord& m) {
    return fmt::format("message {} tenant={} {} payload={} properties={} qos={} at={} expires={}",
                       m.id.value(), m.tenant.value(), m.topic, text_of(m.payload),
                       text_of(m.properties), static_cast<int>(m.qos), m.published_at.ms(),
                       m.expires_at.ms());
}

std::string text_of(const DeliveryRecord& d) {
    return fmt::format("delivery {} at {} of {} qos={} retain={} state={} bytes={} expires={} {}",
                       d.session.value(), d.sequence, d.message.value(), static_cast<int>(d.qos),
                       d.retain, static_cast<int>(d.state), d.size_bytes, d.expires_at.ms(),
                       text_of(d.subscription_identifiers));
}

std::string text_of(const RetainedRecord& r) {
    return fmt::format("retained tenant={} {} payload={} properties={} qos={} at={} expires={}",
                       r.tenant.value(), r.topic, text_of(r.payload), text_of(r.properties),
                       static_cast<int>(r.qos), r.published_at.ms(), r.expires_at.ms());
}

std::string text_of(const MarkRecord& m) {
    return fmt::format("mark {} value={}", text_of(m.key), text_of(m.value));
}

class BatchText final : public BatchVisitor {
  public:
    void put_session(const SessionRecord& session) override { line("put " + text_of(session)); }
    void delete_session(SessionId session) override {
        line(fmt::format("delete session {}", session.value()));
    }
    void put_subscription(const SubscriptionRecord& subscription) override {
        line("put " + text_of(subscription));
    }
    void delete_subscription(SessionId session, std::string_view filter) override {
        line(fmt::format("delete subscription {} {}", session.value(), filter));
    }
    void put_message(const MessageRecord& message) override { line("put " + text_of(message)); }
    void put_delivery(const DeliveryRecord& delivery) override { line("put " + text_of(delivery)); }
    void set_delivery(const DeliveryKey& key, DeliveryState state) override {
        line(fmt::format("set delivery {} at {} of {} state={}", key.session.value(), key.sequence,
                         key.message.value(), static_cast<int>(state)));
    }
    void delete_delivery(const DeliveryKey& key) override {
        line(fmt::format("delete delivery {} at {} of {}", key.session.value(), key.sequence,
                         key.message.value()));
    }
    void put_inbound(SessionId session, PacketId packet_id) override {
        line(fmt::format("put inbound {} {}", session.value(), packet_id.value()));
    }
    void delete_inbound(SessionId session, PacketId packet_id) override {
        line(fmt::format("delete inbound {} {}", session.value(), packet_id.value()));
    }
    void put_retained(const RetainedRecord& retained) override { line("put " + text_of(retained)); }
    void delete_retained(TenantId tenant, std::string_view topic) override {
        line(fmt::format("delete retained {} {}", tenant.value(), topic));
    }
    void put_mark(const MarkRecord& mark) override { line("put " + text_of(mark)); }
    void delete_mark(Bytes key) override { line("delete mark " + text_of(key)); }

    std::string text;

  private:
    void line(std::string_view content) {
        text += content;
        text += '\n';
    }
};

class StoreText final : public RecoveryVisitor {
  public:
    void on_session(const SessionRecord& session) override { line(text_of(session)); }
    void on_subscription(const SubscriptionRecord& subscription) override {
        line(text_of(subscription));
    }
    void on_queue(const QueueRecord& queue) override {
        line(fmt::format("queue {} from {} last={} messages={} bytes={} expires={}",
                         queue.session.value(), queue.first_sequence, queue.last_sequence,
                         queue.message_count, queue.size_bytes, queue.first_expires_at.ms()));
        queues.push_back(queue);
    }
    void on_delivery(const DeliveryRecord& delivery) override { line(text_of(delivery)); }
    void on_inbound(SessionId session, PacketId packet_id) override {
        line(fmt::format("inbound {} {}", session.value(), packet_id.value()));
    }
    void on_retained(const RetainedRecord& retained) override { line(text_of(retained)); }
    void on_mark(const MarkRecord& mark) override { line(text_of(mark)); }

    void line(std::string_view content) {
        text += content;
        text += '\n';
    }

    std::string text;
    std::vector<QueueRecord> queues;
};

/// Reads a queue in small parts, so that they are tested too.
class QueueText final : public QueueVisitor {
  public:
    explicit QueueText(StoreText& text) : text_(text) {}

    void on_message(const DeliveryRecord& delivery, const MessageRecord& message) override {
        text_.line(text_of(message));
        text_.line(text_of(delivery));
    }
    void on_dropped(const DeliveryRecord& delivery, QueueDrop reason) override {
        text_.line(fmt::format("{}: {}", reason == QueueDrop::Expired ? "expired" : "missing",
                               text_of(delivery)));
    }

    [[nodiscard]] Status read(MessageStore& store, const QueueRecord& queue) {
        QueueRead read{.session = queue.session,
                       .from = queue.first_sequence,
                       .behind = queue.last_sequence + 1,
                       .messages_max = 3,
                       .bytes_max = 1000};
        while (read.from < read.behind) {
            TRY_ASSIGN(read.from, store.read_queue(read, *this));
        }
        return {};
    }

  private:
    StoreText& text_;
};

}  // namespace

std::string to_text(const WriteBatch& batch) {
    BatchText text;
    batch.visit(text);
    return text.text;
}

std::string to_text(MessageStore& store) {
    StoreText text;
    if (const Status status = store.recover(text); !status) {
        text.line(fmt::format("failed: {}", status.error().text));
        return text.text;
    }
    for (const QueueRecord& queue : std::vector<QueueRecord>(text.queues)) {
        if (const Status status = QueueText(text).read(store, queue); !status) {
            text.line(fmt::format("failed: {}", status.error().text));
        }
    }
    if (store.message_count() > 0) {
        text.line(fmt::format("messages {}", store.message_count()));
    }
    return text.text;
}

}  // namespace kith::storage::testing
