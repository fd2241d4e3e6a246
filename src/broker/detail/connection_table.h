// The connections of one shard: owned here, found by id, destroyed between two turns' inputs.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include <memory>
#include <vector>

#include "broker/detail/connection.h"

namespace kith::broker {

/// Threads: shard-local.
class ConnectionTable final : public runtime::Task {
  public:
    explicit ConnectionTable(ShardContext& context) : context_(context) {}
    ~ConnectionTable() override {
        for (Connection* connection : connections_) {
            retired_.emplace_back(connection);
        }
    }
    ConnectionTable(const ConnectionTable&) = delete;
    ConnectionTable& operator=(const ConnectionTable&) = delete;

    /// Requires: it was taken from the node's budget.
    template <typename... Arguments>
    Connection& add(Arguments&&... arguments) {
        last_id_ = last_id_.next();
        auto connection =
            std::make_unique<Connection>(context_, last_id_, std::forward<Arguments>(arguments)...);
        Connection& added = *connection;
        connections_.insert(connection.release());
        return added;
    }

    [[nodiscard]] Connection* find(ConnectionId id) {
        const auto found = connections_.find(id);
        return found == connections_.end() ? nullptr : *found;
    }

    /// It goes on at another shard, and counts there.
    void hand_over(Connection& connection) { remove(connection); }
    /// Out of the table now, destroyed after this turn's input: callers may be its own callbacks.
    void retire(Connection& connection) {
        if (remove(connection)) {
            context_.node.connections.give_back();
        }
    }

    void run_task() override { retired_.clear(); }

    template <typename Visit>
    void for_each(Visit&& visit) {
        for (Connection* connection : connections_) {
            visit(*connection);
        }
    }
    [[nodiscard]] std::size_t size() const { return connections_.size(); }

  private:
    /// Hashes and compares connections by their id, so that the set holds no copy of it.
    struct IdOf {
        using is_transparent = void;
        [[nodiscard]] static ConnectionId of(const Connection* connection) {
            return connection->id();
        }
        [[nodiscard]] static ConnectionId of(ConnectionId id) { return id; }
        template <typename Any>
        std::size_t operator()(const Any& any) const {
            return hash_value(of(any));
        }
        template <typename Left, typename Right>
        bool operator()(const Left& left, const Right& right) const {
            return of(left) == of(right);
        }
    };

    bool remove(Connection& connection) {
        const auto found = connections_.find(connection.id());
        if (found == connections_.end()) {
            return false;
        }
        retired_.emplace_back(*found);
        connections_.erase(found);
        context_.shard.flush_later(*this);
        return true;
    }

    ShardContext& context_;
    boost::unordered_flat_set<Connection*, IdOf, IdOf> connections_;  // owned
    std::vector<std::unique_ptr<Connection>> retired_;
    ConnectionId last_id_;
};

}  // namespace kith::broker
