#include "cli/mesh_desk.h"

#include "mesh/live/limits.h"
#include "node/own_addresses.h"

#include <future>
#include <utility>

namespace kith::cli {

Done MeshDesk::start() {
    auto shards = runtime::make_epoll_shards({.shard_count = 1}, log_);
    if (!shards) {
        return Failure{FailureKind::Limit, shards.error().text};
    }
    shards_ = std::move(*shards);
    pool_ = runtime::make_blocking_pool(1);
    shards_->start();
    return {};
}

Done MeshDesk::open(const std::string& data) {
    std::promise<Done> opened;
    shards_->shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard& shard) {
        opened_ = [&opened](Done done) { opened.set_value(std::move(done)); };
        leaf_ = std::make_unique<mesh::Leaf>(
            shard,
            mesh::LeafOptions{.data = data,
                              .name = {},
                              .listen = runtime::SocketAddress::v6({}, 0),
                              .peers = {},
                              .timing = {},
                              .messages = {}},
            mesh::Leaf::Ports{.log = log_, .files = *pool_, .names = *pool_, .owner = *this});
        leaf_->start();
    }));
    return opened.get_future().get();
}

void MeshDesk::on_leaf_state(mesh::LeafState state, const std::string& why) {
    is_linked_ = state == mesh::LeafState::Linked;
    if (!opened_) {
        return;
    }
    const auto opened = std::exchange(opened_, nullptr);
    if (state != mesh::LeafState::Alone && state != mesh::LeafState::Linked) {
        opened(Failure{FailureKind::Invalid, why});
        return;
    }
    const std::uint16_t port = leaf_->address()->port();
    locators_ = node::own_addresses(port, node::kOwnAddressesMax);
    if (locators_.empty()) {  // this computer alone
        locators_.push_back(runtime::SocketAddress::v4({127, 0, 0, 1}, port).to_string());
    }
    opened({});
}

void MeshDesk::offer(std::vector<std::uint8_t> datagram) {
    shards_->shard(ShardId(0))
        .post_completion(
            runtime::make_mail([this, datagram = std::move(datagram)](runtime::Shard& shard) {
                offer_ = datagram;
                port_ = std::make_unique<mesh::PairingPort>(shard, "", nullptr);
                send_offer();
            }));
}

void MeshDesk::send_offer() {
    port_->refresh();
    static_cast<void>(port_->send(offer_));  // where there is no network yet, there may be one soon
    shards_->shard(ShardId(0)).arm_after(again_, mesh::kPairingOfferInterval);
}

MeshDesk::~MeshDesk() {
    if (shards_ == nullptr) {
        return;
    }
    std::promise<void> closed;
    shards_->shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard&) {
        again_.cancel();
        port_.reset();
        if (leaf_ == nullptr) {
            closed.set_value();
        } else {
            leaf_->close([&closed] { closed.set_value(); });
        }
    }));
    closed.get_future().wait();
    shards_->stop();
    pool_.reset();
    leaf_.reset();
}

}  // namespace kith::cli
