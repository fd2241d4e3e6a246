// For tests: the two sides of a connection, as handlers that count and remember.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/random.h"
#include "runtime/half_open.h"
#include "runtime/network.h"
#include "runtime/shard.h"
#include "runtime/testing/rig.h"

namespace kith::runtime {

/// One end of a stream in a test: counts and remembers; hooks add what a test needs.
class Peer final : public StreamHandler, public HalfOpenHandler {
  public:
    void take(std::unique_ptr<Stream> taken) {
        stream = std::move(taken);
        stream->set_handler(this);
    }
    void connect(Shard& shard, const SocketAddress& to) {
        auto connecting = shard.network().connect(to, *this);
        ASSERT_TRUE(connecting.has_value());
        stream = std::move(*connecting);
    }

    void on_connected() override {
        ++connected_count;
        run(when_connected);
        connected.set();
    }
    void on_data(MutableBytes bytes) override {
        EXPECT_FALSE(bytes.empty());
        EXPECT_FALSE(closed_reason.has_value()) << "data after the end";
        received.append(as_text(bytes));
        if (received.size() >= expected_bytes) {
            all_received.set();
        }
        run(when_data);  // last: it may send the stream to another shard
    }
    void on_drained() override {
        ++drained_count;
        run(when_drained);
    }
    void on_end() override {
        EXPECT_FALSE(has_ended) << "ended twice";
        has_ended = true;
        run(when_ended);
        ended.set();
    }
    void on_closed(const Error& reason) override {
        EXPECT_FALSE(closed_reason.has_value()) << "closed twice";
        closed_reason = reason;
        run(when_closed);
        closed.set();
    }

    /// Sends `text` as fast as the stream's watermarks allow.
    void send_all(std::string text) {
        outgoing = std::move(text);
        sent = 0;
        when_drained = [this] { send_more(); };
        send_more();
    }
    void send_more() {
        constexpr std::size_t kStepBytes = 50'000;
        while (sent < outgoing.size() && !stream->is_congested()) {
            const std::string_view step = std::string_view(outgoing).substr(sent, kStepBytes);
            stream->send(as_bytes(step));
            sent += step.size();
        }
    }

    std::unique_ptr<Stream> stream;
    std::string received;
    std::size_t expected_bytes = SIZE_MAX;
    int connected_count = 0;
    int drained_count = 0;
    bool has_ended = false;
    std::optional<Error> closed_reason;
    std::string outgoing;
    std::size_t sent = 0;

    std::function<void()> when_connected;
    std::function<void()> when_data;
    std::function<void()> when_drained;
    std::function<void()> when_ended;
    std::function<void()> when_closed;

    Signal connected;
    Signal all_received;
    Signal ended;
    Signal closed;

  private:
    static void run(const std::function<void()>& hook) {
        if (hook) {
            const auto copy = hook;  // the hook may replace itself
            copy();
        }
    }
};

/// A listener that hands each stream to a function.
class Acceptor final : public AcceptHandler {
  public:
    void listen(Shard& shard, const ListenOptions& options) {
        auto opened = shard.network().listen(options, *this);
        ASSERT_TRUE(opened.has_value()) << opened.error().text;
        listener = std::move(*opened);
        address = listener->local();
    }
    void on_accept(std::unique_ptr<Stream> stream) override {
        ++accepted_count;
        when_accepted(std::move(stream));
        accepted.set();
    }

    std::unique_ptr<Listener> listener;
    SocketAddress address;
    int accepted_count = 0;
    std::function<void(std::unique_ptr<Stream>)> when_accepted;
    Signal accepted;
};

/// `count` bytes that tell where they are.
[[nodiscard]] inline std::string pattern(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::string text;
    text.reserve(count + 8);
    while (text.size() < count) {
        const std::uint64_t word = random.next();
        text.append(reinterpret_cast<const char*>(&word), sizeof(word));
    }
    text.resize(count);
    return text;
}

}  // namespace kith::runtime
