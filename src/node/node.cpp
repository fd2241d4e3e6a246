#include "node/node.h"

#include "node/detail/access_pillar.h"
#include "node/detail/api_pillar.h"
#include "node/detail/backup_pillar.h"
#include "node/detail/broker_pillar.h"
#include "node/detail/discovery_pillar.h"
#include "node/detail/ground.h"
#include "node/detail/listener_pillar.h"
#include "node/detail/mesh_pillar.h"
#include "node/detail/mesh_topics.h"
#include "node/process_facts.h"

#include <array>
#include <utility>
#include <vector>

namespace kith::node {

struct Node::Impl {
    Impl(const NodeConfig& config, Log& log, NodeDirectory data, const StoreTestOptions& test)
        : ground(config, log, std::move(data), test) {}

    OrProblem<void> start();
    void go_live();

    // A pillar stands on those above it. What is added here is added to `pillars`, too.
    Ground ground;
    AccessPillar access{ground};
    BrokerPillar broker{ground, access};
    BackupPillar backups{ground, broker};
    MeshPillar mesh{ground, broker};
    MeshTopicsPillar mesh_topics{ground, broker, mesh};
    DiscoveryPillar discovery{ground, mesh};
    ApiPillar api{{ground, access, broker, backups, mesh, discovery}};
    ListenerPillar listeners{ground, broker, api};

    const std::vector<Pillar*> pillars{&access,      &broker,    &backups, &mesh,
                                       &mesh_topics, &discovery, &api,     &listeners};
    Addresses addresses;
    std::string claim_link;
    bool is_running = false;
};

OrProblem<std::unique_ptr<Node>> Node::start(const NodeConfig& config, Log& log,
                                             const StoreTestOptions& test_options) {
    auto data = NodeDirectory::open(config.data_directory);
    if (!data) {
        return tl::unexpected(data.error());
    }
    if (auto locked = data->lock(); !locked) {
        return tl::unexpected(locked.error());
    }
    std::unique_ptr<Node> node(
        new Node(std::make_unique<Impl>(config, log, std::move(*data), test_options)));
    if (auto started = node->impl_->start(); !started) {
        node->stop();
        return tl::unexpected(started.error());
    }
    return node;
}

OrProblem<void> Node::Impl::start() {
    if (auto opened = ground.open(); !opened) {
        return opened;
    }
    for (Pillar* pillar : pillars) {
        if (auto prepared = pillar->prepare(); !prepared) {
            return prepared;
        }
    }
    ground.shards->start();
    is_running = true;
    for (Pillar* pillar : pillars) {
        if (auto started = pillar->start(); !started) {
            return started;
        }
    }
    go_live();
    return {};
}

/// Everything is open: says so, and lets the first user in by the claim link.
void Node::Impl::go_live() {
    addresses = listeners.addresses();
    addresses.mesh = mesh.address();
    discovery.announce(addresses);
    api.show_ready(listeners.facts());
    const std::string console = listeners.console_url();
    const std::string code = console.empty() ? std::string() : access.issue_claim_code();
    claim_link = code.empty() ? std::string() : console + "/claim#" + code;
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Node::~Node() {
    stop();
}

const std::string& Node::name() const {
    return impl_->ground.name;
}

const Node::Addresses& Node::addresses() const {
    return impl_->addresses;
}

const std::string& Node::claim_link() const {
    return impl_->claim_link;
}

OrProblem<void> Node::reload(const NodeConfig& config) {
    Ground& ground = impl_->ground;
    auto tls = load_tls(config, ground.data, ground.host, wall_now());
    if (!tls) {
        return tl::unexpected(tls.error());
    }
    // All or nothing: what can fail comes first.
    std::vector<TakeUp> take_ups;
    for (Pillar* pillar : impl_->pillars) {
        auto read = pillar->reload({.config = config, .tls = *tls});
        if (!read) {
            return tl::unexpected(read.error());
        }
        take_ups.push_back(std::move(*read));
    }
    ground.log.set_level(config.log_level);
    ground.config.log_level = config.log_level;
    ground.tls = std::move(*tls);
    for (const TakeUp& take_up : take_ups) {
        take_up();
    }
    return {};
}

void Node::stop() {
    if (impl_ == nullptr || !impl_->is_running) {
        return;
    }
    impl_->is_running = false;
    // style: clang 14 does not compile std::views::reverse.
    const std::vector<Pillar*>& pillars = impl_->pillars;
    for (auto pillar = pillars.rbegin(); pillar != pillars.rend(); ++pillar) {
        (*pillar)->drain();
    }
    impl_->ground.shards->stop();
    for (auto pillar = pillars.rbegin(); pillar != pillars.rend(); ++pillar) {
        (*pillar)->finish();
    }
}

}  // namespace kith::node
