// kith mesh forward: a port of this computer that is a service which another node reaches.
#include "cli/client_run.h"
#include "cli/control_tool.h"
#include "cli/forward_door.h"
#include "cli/mesh_commands.h"
#include "runtime/resolve.h"
#include "runtime/shard_group.h"

#include <fmt/format.h>

#include <cstdio>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace kith::cli {
namespace {

void say(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

/// On the shard, whose thread `door` belongs to.
template <typename F>
void on_shard(runtime::ShardGroup& shards, F action) {
    std::promise<void> done;
    shards.shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard& here) {
        action(here);
        done.set_value();
    }));
    done.get_future().wait();
}

}  // namespace

int mesh_forward(const MeshForwardOptions& options) {
    const auto listen = runtime::SocketAddress::parse(options.bind + ":0");
    if (!listen) {
        return fail_with(options.bind, "--bind is an address, as 127.0.0.1 or [::1]");
    }
    const Result<std::vector<runtime::SocketAddress>> nodes = runtime::resolve(options.http);
    if (!nodes) {
        return fail_with(options.http, nodes.error().text);
    }
    EndOfRun end;
    const Log log;
    auto shards = runtime::make_epoll_shards({.shard_count = 1}, log);
    if (!shards) {
        return fail_with("forward", shards.error().text);
    }
    (*shards)->start();
    std::unique_ptr<ForwardDoor> door;
    Status opened;
    on_shard(**shards, [&](runtime::Shard& here) {
        door = std::make_unique<ForwardDoor>(
            here, ForwardDoorOptions{.listen = listen->with_port(options.port),
                                     .node = nodes->front(),
                                     .host = options.http,
                                     .token = options.token,
                                     .to = options.to,
                                     .say = say});
        opened = door->open();
        if (opened) {
            say(fmt::format("listening on {} for {}", door->local().to_string(), options.to));
        }
    });
    if (opened) {
        static_cast<void>(end.wait());
    }
    (*shards)->stop();
    door.reset();
    return opened
               ? 0
               : fail_with(fmt::format("{}:{}", options.bind, options.port), opened.error().text);
}

}  // namespace kith::cli
