#include "api/machine_board.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "api/testing/fake_backend.h"
#include "runtime/sim/world.h"

namespace kith::api {
namespace {

class MachineBoardTest : public ::testing::Test {
  protected:
    broker::ClientView& add(const std::string& id, bool is_online = true) {
        broker::ClientView view;
        view.client_id = id;
        view.is_online = is_online;
        view.principal = "anonymous";
        backend_.machine_list.push_back(view);
        return backend_.machine_list.back();
    }
    void refresh() {
        bool is_done = false;
        host_.shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard&) {
            board_.refresh([&is_done] { is_done = true; });
        }));
        ASSERT_TRUE(world_.run_until([&] { return is_done; }, 1min));
    }
    std::vector<std::string> ids(const MachineQuery& query) {
        std::vector<std::string> result;
        const MachinePage page = board_.list(query).value();
        for (const MachineRow* row : page.rows) {
            result.push_back(row->view.client_id);
        }
        return result;
    }

    using Ids = std::vector<std::string>;
    Log log_;
    runtime::sim::World world_{runtime::sim::WorldOptions{}};
    runtime::sim::Host& host_ = world_.add_host("node", 1, log_);
    FakeBackend backend_;
    MachineBoard board_{host_.shard(ShardId(0)), backend_};
};

TEST_F(MachineBoardTest, IsGatheredAtMostOnceASecond) {
    add("a");
    refresh();
    refresh();
    EXPECT_EQ(backend_.machine_calls, 1);
    world_.run_for(1100ms);
    refresh();
    EXPECT_EQ(backend_.machine_calls, 2);
}

TEST_F(MachineBoardTest, ManyMachinesAreGatheredLessOften) {
    for (int i = 0; i < 60'000; ++i) {
        add("m" + std::to_string(i));
    }
    EXPECT_EQ(board_.refresh_interval(), 1s);
    refresh();
    EXPECT_EQ(board_.refresh_interval(), 3s);
}

TEST_F(MachineBoardTest, AskersAtOneTimeShareOneAnswer) {
    add("a");
    int answered = 0;
    host_.shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard&) {
        backend_.holds_answers = true;
        board_.refresh([&] { ++answered; });
        board_.refresh([&] { ++answered; });
        EXPECT_EQ(answered, 0);
        backend_.release_answers();
    }));
    ASSERT_TRUE(world_.run_until([&] { return answered == 2; }, 1min));
    EXPECT_EQ(backend_.machine_calls, 1);
}

TEST_F(MachineBoardTest, RatesAreBetweenTwoCopies) {
    add("a").messages_in = 100;
    refresh();
    EXPECT_EQ(board_.find("a")->messages_in_per_s, 0);
    backend_.machine_list[0].messages_in = 120;
    world_.run_for(2s);
    refresh();
    EXPECT_NEAR(board_.find("a")->messages_in_per_s, 10, 0.5);
    EXPECT_EQ(board_.find("none"), nullptr);
}

TEST_F(MachineBoardTest, FindsByIdUserOrAddressAndState) {
    add("press-07").remote_address = "10.0.0.3:5123";
    add("oven-3", false).principal = "token:k3f9";
    add("Press-08", false);
    refresh();
    EXPECT_EQ(ids({.text = "press"}), (Ids{"Press-08", "press-07"}));
    EXPECT_EQ(ids({.text = "K3F9"}), (Ids{"oven-3"}));
    EXPECT_EQ(ids({.text = "10.0.0.3"}), (Ids{"press-07"}));
    EXPECT_EQ(ids({.state = MachineState::Online}), (Ids{"press-07"}));
    EXPECT_EQ(ids({.text = "press", .state = MachineState::Offline}), (Ids{"Press-08"}));
    const MachinePage page = board_.list({}).value();
    EXPECT_EQ(page.total, 3U);
    EXPECT_EQ(page.online, 1U);
}

TEST_F(MachineBoardTest, SortsByActivity) {
    add("a").messages_in = 1;
    add("b", false).disconnected_at = WallTime::from_ms(5);
    add("c", false).disconnected_at = WallTime::from_ms(9);
    backend_.machine_list[2].messages_in = 7;
    refresh();
    EXPECT_EQ(ids({.order = MachineOrder::LastSeen}), (Ids{"a", "c", "b"}));
    EXPECT_EQ(ids({.order = MachineOrder::MessagesIn}), (Ids{"c", "a", "b"}));
}

TEST_F(MachineBoardTest, PagesFollowOneAnotherInEveryOrder) {
    for (int i = 0; i < 25; ++i) {
        add("m" + std::to_string(100 + i)).messages_in = static_cast<std::uint64_t>(i % 5);
    }
    refresh();
    for (const MachineOrder order : {MachineOrder::Id, MachineOrder::MessagesIn}) {
        MachineQuery query{.order = order, .limit = 10};
        Ids seen;
        for (int page_number = 0; page_number < 3; ++page_number) {
            const MachinePage page = board_.list(query).value();
            EXPECT_EQ(page.next.empty(), page_number == 2);
            for (const MachineRow* row : page.rows) {
                seen.push_back(row->view.client_id);
            }
            query.cursor = page.next;
        }
        std::ranges::sort(seen);
        EXPECT_EQ(seen.size(), 25U);
        EXPECT_TRUE(std::ranges::adjacent_find(seen) == seen.end());
    }
}

TEST_F(MachineBoardTest, CursorOfAnotherListIsRefused) {
    add("a");
    refresh();
    EXPECT_FALSE(board_.list({.cursor = "at:1"}).has_value());
    EXPECT_FALSE(board_.list({.order = MachineOrder::MessagesIn, .cursor = "id:a"}).has_value());
    EXPECT_FALSE(board_.list({.order = MachineOrder::MessagesIn, .cursor = "at:x"}).has_value());
    EXPECT_FALSE(board_.list({.cursor = "nonsense"}).has_value());
}

TEST_F(MachineBoardTest, OnlyChangedRowsGetANewNumber) {
    add("a");
    add("b");
    refresh();
    const std::uint64_t before = board_.change_number();
    backend_.machine_list[0].bytes_in = 5;
    world_.run_for(1100ms);
    refresh();
    EXPECT_GT(board_.find("a")->changed_number, before);
    EXPECT_LE(board_.find("b")->changed_number, before);
}

}  // namespace
}  // namespace kith::api
