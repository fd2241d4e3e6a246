#include "node/detail/backup_pillar.h"

#include <utility>

namespace kith::node {

OrProblem<void> BackupPillar::prepare() {
    const NodeConfig& config = ground_.config;
    keeper =
        std::make_unique<BackupKeeper>(ground_.home(),
                                       BackupKeeperOptions{.data_directory = ground_.data.path(),
                                                           .directory = config.backup_directory,
                                                           .kept_count = config.backups_kept},
                                       ground_.log);
    return {};
}

OrProblem<void> BackupPillar::start() {
    auto started = BackupService::start(ground_.data, *broker_.journal, ground_.log);
    if (!started) {
        return tl::unexpected(started.error());
    }
    service_ = std::move(*started);
    return {};
}

void BackupPillar::drain() {
    keeper->stop();
}

void BackupPillar::finish() {
    service_.reset();
}

}  // namespace kith::node
