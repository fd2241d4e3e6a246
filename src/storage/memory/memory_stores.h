// The same stores in memory: for tests, the simulator and machines without a disk.
#pragma once

#include <memory>

#include "storage/control_store.h"
#include "storage/journal.h"

namespace kith::storage {

[[nodiscard]] std::unique_ptr<MessageStore> make_memory_message_store();
[[nodiscard]] std::unique_ptr<ControlStore> make_memory_control_store();

}  // namespace kith::storage
