// Counts what the broker allocates for a message: nothing, once pools and tables have their size.
//
// The real broker on an epoll shard of its own, clients on another thread.
#include <gtest/gtest.h>

#include <vector>

#include "broker/testing/broker_rig.h"
#include "runtime/testing/peer.h"
#include "runtime/testing/rig.h"
#include "tests/support/allocations/allocations.h"

namespace kith::budgets {
namespace {

using runtime::Shard;

constexpr std::string_view kTopic = "plant/line-4/press-07/temperature";
constexpr mqtt::Version kVersion = mqtt::Version::V311;

template <typename Packet>
void put(std::vector<std::uint8_t>& bytes, const Packet& packet) {
    const std::size_t at = bytes.size();
    bytes.resize(at + mqtt::encoded_bytes(packet, kVersion));
    ByteWriter writer(MutableBytes(bytes).subspan(at));
    mqtt::encode(packet, kVersion, writer);
}

/// Nothing here is durable, so nothing may come.
class NoJournal final : public storage::Journal {
  public:
    storage::CommitTicket submit(ShardId, storage::WriteBatch&) override {
        check_failed("no batch", __FILE__, __LINE__, "a message without durable takers was kept");
    }
    void read_queue(ShardId, const storage::QueueRead&) override {
        check_failed("no read", __FILE__, __LINE__, "there is no store");
    }
    [[nodiscard]] storage::JournalCounters counters() const override { return {}; }
    void between_commits(const std::function<void(storage::MessageStore&)>&) override {
        check_failed("no task", __FILE__, __LINE__, "there is no store");
    }
};

/// A broker on one epoll shard.
class Node {
  public:
    Node() : group_(runtime::make_epoll_shards({.shard_count = 1, .seed = 1}, log_).value()) {
        Shard& shard = group_->shard(ShardId(0));
        authenticator_.emplace(shard);
        broker_.emplace(broker::testing::quiet(),
                        broker::BrokerParts{.shards = {&shard},
                                            .authenticators = {&*authenticator_},
                                            .authorizers = {&authorizer_},
                                            .events = {&events_}});
        EXPECT_TRUE(broker_->recover(*store_));
        broker_->start(journal_);
        acceptor_.when_accepted = [this](std::unique_ptr<runtime::Stream> stream) {
            broker_->shard(ShardId(0)).accept(std::move(stream), {.allow_anonymous = true});
        };
        group_->start();
        call([this](Shard& here) {
            acceptor_.listen(here, {.address = runtime::SocketAddress::loopback(0)});
        });
    }
    ~Node() { group_->stop(); }

    [[nodiscard]] const runtime::SocketAddress& address() const { return acceptor_.address; }

    /// What its thread has allocated so far.
    [[nodiscard]] std::size_t allocations() {
        std::size_t count = 0;
        call([&](Shard&) { count = test::thread_allocation_count(); });
        return count;
    }

  private:
    template <typename Action>
    void call(const Action& action) {
        runtime::Signal done;
        group_->shard(ShardId(0)).post_completion(runtime::make_mail([&](Shard& shard) {
            action(shard);
            done.set();
        }));
        ASSERT_TRUE(done.wait_for(std::chrono::seconds(60)));
    }

    Log log_;
    std::unique_ptr<runtime::ShardGroup> group_;
    std::unique_ptr<storage::MessageStore> store_ = storage::make_memory_message_store();
    std::optional<broker::testing::FakeAuthenticator> authenticator_;
    broker::testing::FakeAuthorizer authorizer_;
    broker::testing::RecordingEvents events_;
    NoJournal journal_;
    std::optional<broker::Broker> broker_;
    runtime::Acceptor acceptor_;
};

struct Shape {
    std::size_t subscribers = 1;
    Qos qos = Qos::AtMostOnce;
    std::size_t window = 16;  // messages under way
};

/// One publisher and its subscribers: the next window of messages leaves when everybody has the
/// last one, acknowledgements included.
class Load {
  public:
    Load(const Shape& shape, const runtime::SocketAddress& target)
        : shape_(shape), rig_(1, 1), target_(target) {
        rig_.call(0, [this](Shard& shard) { connect(shard); });
        EXPECT_TRUE(rig_.wait(ready_));
    }
    ~Load() { rig_.stop(); }

    /// Sends so many windows and waits until they have arrived.
    void run(std::size_t windows) {
        runtime::Signal done;
        rig_.call(0, [&](Shard&) {
            windows_left_ = windows;
            done_ = &done;
            next_window();
        });
        ASSERT_TRUE(rig_.wait(done));
    }

  private:
    class Client final : public runtime::StreamHandler {
      public:
        explicit Client(Load& load) : load_(load) {}
        void on_connected() override { load_.on_connected(*this); }
        void on_data(MutableBytes bytes) override { load_.on_data(*this, bytes); }
        void on_closed(const Error&) override { ADD_FAILURE() << "the broker closed"; }

        std::unique_ptr<runtime::Stream> stream;
        mqtt::Framer framer{1024 * 1024};
        std::string id;

      private:
        Load& load_;
    };

    /// The first one publishes, the others subscribe.
    void connect(Shard& shard) {
        for (std::size_t i = 0; i <= shape_.subscribers; ++i) {
            clients_.push_back(std::make_unique<Client>(*this));
            clients_.back()->id = "client-" + std::to_string(i);
            clients_.back()->stream = shard.network().connect(target_, *clients_.back()).value();
        }
    }

    void on_connected(Client& client) {
        std::vector<std::uint8_t> bytes;
        put(bytes, mqtt::Connect{.version = kVersion, .client_id = client.id});
        if (&client != clients_[0].get()) {
            const mqtt::Subscription filter{.filter = kTopic, .maximum_qos = shape_.qos};
            put(bytes, mqtt::Subscribe{.packet_id = PacketId(1), .subscriptions = {&filter, 1}});
        }
        client.stream->send(bytes);
    }

    void on_data(Client& client, MutableBytes bytes) {
        std::vector<std::uint8_t> answers;
        EXPECT_TRUE(client.framer.feed(bytes, [&](const mqtt::Frame& frame) {
            on_frame(frame, answers);
            return true;
        }));
        if (!answers.empty()) {
            client.stream->send(answers);
        }
        if (arrivals_left_ == 0 && windows_left_ > 0) {
            --windows_left_;
            next_window();
        }
    }

    void on_frame(const mqtt::Frame& frame, std::vector<std::uint8_t>& answers) {
        switch (static_cast<int>(frame.type())) {
            case static_cast<int>(mqtt::PacketType::Connack):
            case static_cast<int>(mqtt::PacketType::Suback):
                if (++answers_seen_ == 2 * shape_.subscribers + 1) {
                    ready_.set();
                }
                break;
            case static_cast<int>(mqtt::PacketType::Publish):
                --arrivals_left_;
                if (const mqtt::Publish packet = decoder_.decode_publish(frame).value();
                    packet.qos == Qos::AtLeastOnce) {
                    put(answers, mqtt::Acknowledgement{.type = mqtt::PacketType::Puback,
                                                       .packet_id = packet.packet_id});
                }
                break;
            default:  // a PUBACK
                --arrivals_left_;
        }
    }

    void next_window() {
        if (windows_left_ == 0) {
            done_->set();
            return;
        }
        const bool is_acknowledged = shape_.qos != Qos::AtMostOnce;
        arrivals_left_ = shape_.window * (shape_.subscribers + (is_acknowledged ? 1 : 0));
        std::vector<std::uint8_t> bytes;
        for (std::size_t i = 1; i <= shape_.window; ++i) {
            mqtt::Publish packet{.qos = shape_.qos, .topic = kTopic, .payload = payload_};
            if (is_acknowledged) {
                packet.packet_id = PacketId(static_cast<std::uint16_t>(i));
            }
            put(bytes, packet);
        }
        clients_[0]->stream->send(bytes);
    }

    Shape shape_;
    const std::vector<std::uint8_t> payload_ = std::vector<std::uint8_t>(64, 'p');
    runtime::EpollRig rig_;
    runtime::SocketAddress target_;
    runtime::Signal ready_;
    mqtt::Decoder decoder_{mqtt::Sender::Server, kVersion};
    std::vector<std::unique_ptr<Client>> clients_;
    std::size_t answers_seen_ = 0;
    std::size_t arrivals_left_ = 0;
    std::size_t windows_left_ = 0;
    runtime::Signal* done_ = nullptr;
};

/// Allocations of the broker's thread in so many windows of messages, after a warm-up.
std::size_t allocations_of(const Shape& shape, std::size_t windows) {
    Node node;
    Load load(shape, node.address());
    load.run(200);
    const std::size_t before = node.allocations();
    load.run(windows);
    return node.allocations() - before;
}

TEST(AllocationBudget, AMessageOfQos0ToOneSubscriberCostsNone) {
    EXPECT_EQ(allocations_of({}, 500), 0U);
}

TEST(AllocationBudget, AMessageOfQos0ToTenSubscribersCostsNone) {
    EXPECT_EQ(allocations_of({.subscribers = 10}, 500), 0U);
}

/// One for the head, which each receiver gets with a packet id of its own, and now and then one for
/// a queue that grows by blocks: 1.15 measured.
TEST(AllocationBudget, AMessageOfQos1ToOneSubscriberCostsLittleMoreThanOne) {
    constexpr std::size_t kWindows = 500;
    const Shape shape{.qos = Qos::AtLeastOnce};
    const auto messages = static_cast<double>(kWindows * shape.window);
    EXPECT_LE(static_cast<double>(allocations_of(shape, kWindows)) / messages, 1.27);
}

}  // namespace
}  // namespace kith::budgets
