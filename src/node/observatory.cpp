#include "node/observatory.h"

#include "runtime/gather.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kith::node {

void Observatory::slow_clients(std::function<void(std::vector<broker::SlowClientView>)> done) {
    using Views = std::vector<broker::SlowClientView>;
    runtime::gather<Views>(
        home_,
        [broker = &broker_](runtime::Shard& shard) {
            Views views;
            broker->shard(shard.id()).for_each_slow_client([&](const broker::SlowClientView& view) {
                views.push_back(view);
            });
            return views;
        },
        [done = std::move(done)](std::vector<Views> lists) {
            Views all;
            for (Views& views : lists) {
                std::ranges::move(views, std::back_inserter(all));
            }
            done(std::move(all));
        });
}

}  // namespace kith::node
