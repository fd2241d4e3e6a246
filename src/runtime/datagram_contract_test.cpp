// One suite for both backends: what datagram.h promises.

#include "runtime/datagram.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/limits.h"
#include "runtime/network.h"
#include "runtime/testing/rig.h"

namespace kith::runtime {
namespace {

template <typename Rig>
class DatagramContract : public testing::Test {};

struct RigNames {
    template <typename Rig>
    static std::string GetName(int index) {
        return std::array{"Epoll", "Sim"}[static_cast<std::size_t>(index)];
    }
};
using Rigs = testing::Types<EpollRig, SimRig<SmoothProfile>>;
TYPED_TEST_SUITE(DatagramContract, Rigs, RigNames);

class Receiver final : public DatagramHandler {
  public:
    void open(Shard& shard, const SocketAddress& local) {
        auto opened = shard.network().open_datagram({.local = local}, *this);
        ASSERT_TRUE(opened.has_value()) << opened.error().text;
        port = std::move(*opened);
    }
    void on_datagram(const SocketAddress& from, Bytes bytes) override {
        last_from = from;
        received.emplace_back(as_text(bytes));
        if (received.size() == expected_count) {
            all.set();
        }
        if (when_received) {
            when_received();
        }
    }

    std::unique_ptr<Datagram> port;
    SocketAddress last_from;
    std::vector<std::string> received;
    std::size_t expected_count = 1;
    std::function<void()> when_received;
    Signal all;
};

TYPED_TEST(DatagramContract, ArrivesWholeWithItsSender) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Receiver a;
        Receiver b;
        rig.call(0, [&](Shard& shard) { a.open(shard, rig.address()); });
        rig.call(1, [&](Shard& shard) {
            b.open(shard, rig.address());
            EXPECT_TRUE(b.port->send_to(a.port->local(), as_bytes("beacon")).has_value());
        });
        ASSERT_TRUE(rig.wait(a.all));
        rig.stop();
        EXPECT_EQ(a.received, std::vector<std::string>{"beacon"});
        EXPECT_EQ(a.last_from, b.port->local());
        EXPECT_NE(a.port->local().port(), 0);
    });
}

TYPED_TEST(DatagramContract, ManyArriveInOneTurnOrSeveral) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        constexpr std::size_t kCount = 100;
        Receiver receiver;
        receiver.expected_count = kCount;
        rig.call(0, [&](Shard& shard) {
            receiver.open(shard, rig.address());
            for (std::size_t i = 0; i < kCount; ++i) {
                const std::string text(i, 'x');
                EXPECT_TRUE(receiver.port->send_to(receiver.port->local(), as_bytes(text)));
            }
        });
        ASSERT_TRUE(rig.wait(receiver.all));
        rig.stop();
        std::vector<bool> seen(kCount);
        for (const std::string& text : receiver.received) {
            seen.at(text.size()) = true;
        }
        EXPECT_EQ(std::count(seen.begin(), seen.end(), true), static_cast<long>(kCount));
    });
}

TYPED_TEST(DatagramContract, TheLargestFitsAndALargerOneIsRefused) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Receiver receiver;
        rig.call(0, [&](Shard& shard) {
            receiver.open(shard, rig.address());
            const std::string largest(kDatagramBytesMax, 'x');
            const SocketAddress to = receiver.port->local();
            const Status refused = receiver.port->send_to(to, as_bytes(largest + "x"));
            ASSERT_FALSE(refused.has_value());
            EXPECT_EQ(refused.error().kind, ErrorKind::Limit);
            EXPECT_EQ(shard.counters().datagrams_dropped, 1U);
            EXPECT_TRUE(receiver.port->send_to(to, as_bytes(largest)).has_value());
        });
        ASSERT_TRUE(rig.wait(receiver.all));
        rig.stop();
        EXPECT_EQ(receiver.received.front().size(), kDatagramBytesMax);
    });
}

TYPED_TEST(DatagramContract, APortMayCloseWithinItsCallback) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Receiver receiver;
        receiver.when_received = [&] { receiver.port.reset(); };
        rig.call(0, [&](Shard& shard) {
            receiver.open(shard, rig.address());
            for (int i = 0; i < 5; ++i) {
                EXPECT_TRUE(receiver.port->send_to(receiver.port->local(), as_bytes("x")));
            }
        });
        ASSERT_TRUE(rig.wait(receiver.all));
        rig.call(0, [](Shard&) {});
        rig.stop();
        EXPECT_EQ(receiver.received.size(), 1U);
    });
}

TYPED_TEST(DatagramContract, APortInUseIsRefused) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Receiver receiver;
        rig.call(0, [&](Shard& shard) {
            receiver.open(shard, rig.address());
            const auto again =
                shard.network().open_datagram({.local = receiver.port->local()}, receiver);
            ASSERT_FALSE(again.has_value());
            EXPECT_EQ(again.error().code, EADDRINUSE);
        });
        rig.stop();
    });
}

TYPED_TEST(DatagramContract, MembersOfAGroupHearEachOther) {
    for_each_seed<TypeParam>(2, [](TypeParam& rig) {
        Receiver a;
        Receiver b;
        SocketAddress group = *SocketAddress::parse("239.255.77.83:0");
        bool can_multicast = true;
        rig.call(0, [&](Shard& shard) {
            a.open(shard, group);
            group = group.with_port(a.port->local().port());
            can_multicast = a.port->join(group).has_value();
        });
        if (!can_multicast) {
            GTEST_SKIP() << "no interface here carries multicast";
        }
        rig.call(1, [&](Shard& shard) {
            b.open(shard, group);  // a second member on the same port
            EXPECT_TRUE(b.port->join(group).has_value());
            EXPECT_TRUE(b.port->send_to(group, as_bytes("here I am")).has_value());
        });
        ASSERT_TRUE(rig.wait(a.all));
        ASSERT_TRUE(rig.wait(b.all));
        rig.stop();
        EXPECT_EQ(a.received.front(), "here I am");
        EXPECT_EQ(b.received.front(), "here I am");
    });
}

TYPED_TEST(DatagramContract, OneInterfaceCarriesADatagramToTheGroup) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Receiver receiver;
        SocketAddress group = *SocketAddress::parse("239.255.77.84:0");
        bool can_multicast = true;
        rig.call(0, [&](Shard& shard) {
            receiver.open(shard, group);
            group = group.with_port(receiver.port->local().port());
            can_multicast = receiver.port->join(group).has_value();
            // Once more changes nothing: nothing comes twice.
            EXPECT_EQ(receiver.port->join(group).has_value(), can_multicast);
        });
        if (!can_multicast) {
            GTEST_SKIP() << "no interface here carries multicast";
        }
        rig.call(0, [&](Shard& shard) {
            const std::vector<NetworkInterface> all = shard.network().interfaces();
            auto chosen = std::ranges::find_if(all, [](const NetworkInterface& each) {
                return each.carries_multicast && !each.is_loopback;
            });
            chosen = chosen == all.end() ? all.begin() : chosen;
            ASSERT_NE(chosen, all.end());
            EXPECT_FALSE(chosen->name.empty());
            receiver.expected_count = 2;
            EXPECT_TRUE(receiver.port->send_out_of(chosen->id, group, as_bytes("one")));
            EXPECT_TRUE(receiver.port->send_out_of(chosen->id, group, as_bytes("two")));
            const Status refused = receiver.port->send_out_of(
                chosen->id, group, as_bytes(std::string(kDatagramBytesMax + 1, 'x')));
            EXPECT_EQ(refused.error().kind, ErrorKind::Limit);
        });
        ASSERT_TRUE(rig.wait(receiver.all));
        rig.stop();
        EXPECT_EQ(std::set(receiver.received.begin(), receiver.received.end()),
                  (std::set<std::string>{"one", "two"}));
    });
}

TYPED_TEST(DatagramContract, TheMachinesOwnAddressesAreThoseOfItsInterfaces) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        rig.call(0, [&](Shard& shard) {
            const std::vector<NetworkInterface> all = shard.network().interfaces();
            const bool has_own = std::ranges::any_of(all, [&](const NetworkInterface& each) {
                return std::ranges::find(each.addresses, rig.address().with_port(0)) !=
                       each.addresses.end();
            });
            EXPECT_TRUE(has_own);
            for (const NetworkInterface& each : all) {
                EXPECT_NE(each.id, InterfaceId());
            }
        });
        rig.stop();
    });
}

TYPED_TEST(DatagramContract, OnlyGroupsCanBeJoined) {
    for_each_seed<TypeParam>(1, [](TypeParam& rig) {
        Receiver receiver;
        rig.call(0, [&](Shard& shard) {
            receiver.open(shard, rig.address());
            const Status joined = receiver.port->join(SocketAddress::loopback(1));
            ASSERT_FALSE(joined.has_value());
            EXPECT_EQ(joined.error().kind, ErrorKind::Invalid);
        });
        rig.stop();
    });
}

}  // namespace
}  // namespace kith::runtime
