#include "node/detail/mesh_forwarding.h"

#include "mesh/live/forward_rules.h"
#include "mesh/live/mesh_host.h"
#include "mesh/trust/node_key.h"

#include <algorithm>
#include <utility>

namespace kith::node {
namespace {

using Refusal = api::MeshForwardRefusal;

tl::unexpected<Refusal> refused(Refusal::Kind kind, std::string text) {
    return tl::unexpected(Refusal{.kind = kind, .text = std::move(text)});
}

Refusal to_refusal(const mesh::ForwardRefusal& refusal) {
    using Kind = mesh::ForwardRefusal::Kind;
    switch (refusal.kind) {
        case Kind::UnknownNode:
            return {.kind = Refusal::Kind::UnknownNode, .text = refusal.why};
        case Kind::NoWay:
            return {.kind = Refusal::Kind::NoWay, .text = refusal.why};
        case Kind::NotAllowed:
            return {.kind = Refusal::Kind::NotAllowed, .text = refusal.why};
        case Kind::Service:
            return {.kind = Refusal::Kind::Service, .text = refusal.why};
        case Kind::TooMany:
            return {.kind = Refusal::Kind::TooMany, .text = refusal.why};
    }
    return {.kind = Refusal::Kind::NoWay, .text = refusal.why};
}

}  // namespace

MeshForwarding::MeshForwarding(runtime::Shard& shard, const Log& log, runtime::BlockingPool& names)
    : shard_(shard),
      log_(log),
      names_(names),
      circuits_(shard, [this](std::unique_ptr<runtime::Stream> circuit) {
          if (desk_ != nullptr) {
              desk_->accept(std::move(circuit));
          }
      }) {}

MeshForwarding::~MeshForwarding() {
    stop();
}

void MeshForwarding::prepare(mesh::LinkSecurity& security, const std::vector<std::string>& rules) {
    desk_ = std::make_unique<mesh::ForwardDesk>(
        shard_, mesh::ForwardRules(rules),
        mesh::ForwardDesk::Ports{.security = security,
                                 .names = names_,
                                 .on_news = [this](const mesh::ForwardNews& news) { note(news); }});
    caller_ = std::make_unique<mesh::ForwardCaller>(shard_, circuits_, security);
}

void MeshForwarding::set_rules(const std::vector<std::string>& rules) {
    if (desk_ != nullptr) {
        desk_->set_rules(mesh::ForwardRules(rules));
    }
}

void MeshForwarding::expel(mesh::NodeId node_id) {
    if (desk_ != nullptr) {
        desk_->expel(node_id);
    }
}

void MeshForwarding::attach(mesh::MeshHost& host) {
    host_ = &host;
    circuits_.attach(host);
}

void MeshForwarding::stop() {
    cancel_task();
    ended_.clear();
    relays_.clear();
    caller_.reset();
    desk_.reset();
    circuits_.stop();
}

std::size_t MeshForwarding::open_count() const {
    return relays_.size() + (desk_ == nullptr ? 0 : desk_->open_count());
}

void MeshForwarding::open(
    const std::string& to,
    std::function<void(tl::expected<api::MeshForwardTake, api::MeshForwardRefusal>)> done) {
    const std::size_t colon = to.find(':');
    if (colon == 0 || colon == std::string::npos) {
        done(refused(Refusal::Kind::Invalid, "a service of a node is NODE:HOST:PORT"));
        return;
    }
    const std::string target = to.substr(colon + 1);
    if (const auto parsed = mesh::ForwardTarget::parse(target); !parsed) {
        done(refused(Refusal::Kind::Invalid, parsed.error().text));
        return;
    }
    const auto found = find(to.substr(0, colon));
    if (!found) {
        done(tl::unexpected(found.error()));
        return;
    }
    caller_->call(
        *found, target,
        [this, done = std::move(done)](tl::expected<mesh::Forwarded, mesh::ForwardRefusal> made) {
            if (!made) {
                done(tl::unexpected(to_refusal(made.error())));
                return;
            }
            // shared_ptr: a std::function can be copied, a connection cannot.
            auto circuit = std::make_shared<mesh::Forwarded>(std::move(*made));
            done([this, circuit](std::unique_ptr<runtime::Stream> asker, const std::string& rest) {
                join(std::move(asker), rest, std::move(*circuit));
            });
        });
}

tl::expected<mesh::NodeId, Refusal> MeshForwarding::find(const std::string& name) const {
    if (host_ == nullptr || caller_ == nullptr) {
        return refused(Refusal::Kind::Off, "the mesh is off");
    }
    std::vector<mesh::NodeId> found;
    for (const mesh::NodeView& each : host_->node().nodes()) {
        if (mesh::node_name_of(each.node) == name) {
            found.assign(1, each.node);
            break;
        }
        if (each.name == name) {
            found.push_back(each.node);
        }
    }
    if (found.empty()) {
        return refused(Refusal::Kind::UnknownNode, "no node of the mesh is called " + name);
    }
    if (found.size() > 1) {
        return refused(Refusal::Kind::UnknownNode,
                       "several nodes are called " + name + "; say which by its id");
    }
    return found.front();
}

void MeshForwarding::join(std::unique_ptr<runtime::Stream> asker, const std::string& rest,
                          mesh::Forwarded circuit) {
    const std::uint64_t id = ++last_relay_;
    auto relay = std::make_unique<mesh::ForwardRelay>(std::move(asker), std::move(circuit.pieces),
                                                      [this, id] {
                                                          const auto at = relays_.find(id);
                                                          ended_.push_back(std::move(at->second));
                                                          relays_.erase(at);
                                                          shard_.defer(*this);
                                                      });
    mesh::ForwardRelay& joined = *relay;
    relays_.emplace(id, std::move(relay));
    joined.start(as_bytes(rest), circuit.rest);
}

/// What others have this node connect to is worth a line each.
void MeshForwarding::note(const mesh::ForwardNews& news) {
    const std::string name = mesh::node_name_of(news.node);
    const std::string_view by(name);
    const std::string_view to(news.target);
    switch (news.kind) {
        case mesh::ForwardNews::Kind::Opened:
            LOG(log_, Info, "a node forwards to a service here", {"node", by}, {"to", to});
            return;
        case mesh::ForwardNews::Kind::Refused:
            LOG(log_, Warn, "a node was not let forward to a service here", {"node", by},
                {"to", to}, {"reason", std::string_view(news.why)});
            return;
        case mesh::ForwardNews::Kind::Closed:
            LOG(log_, Info, "a node forwards to a service here no more", {"node", by}, {"to", to},
                {"bytes_in", news.summary.bytes_in}, {"bytes_out", news.summary.bytes_out},
                {"reason", std::string_view(news.why)});
            return;
    }
}

}  // namespace kith::node
