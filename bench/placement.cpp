#include "bench/placement.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/ids.h"

namespace kith::bench {

std::optional<std::uint16_t> worker_for(Placement placement, Side side, std::size_t pair,
                                        std::uint16_t worker_count) {
    CHECK(worker_count > 0);
    switch (placement) {
        case Placement::Mixed:
            return std::nullopt;
        case Placement::SameShard:
            return static_cast<std::uint16_t>(pair % worker_count);
        case Placement::CrossShard:
            CHECK(worker_count > 1);
            return static_cast<std::uint16_t>((pair + (side == Side::Publisher ? 0 : 1)) %
                                              worker_count);
    }
    return std::nullopt;
}

std::string client_id_on(std::uint16_t worker, std::uint16_t worker_count,
                         const std::string& name) {
    CHECK(worker < worker_count);
    constexpr std::size_t kTriesMax = 100'000;  // one in worker_count is right
    const std::string default_tenant(sizeof(TenantId), '\0');
    for (std::size_t i = 0; i < kTriesMax; ++i) {
        std::string id = fmt::format("{}-{}", name, i);
        if (hash_text(default_tenant + id) % worker_count == worker) {
            return id;
        }
    }
    CHECK_TEXT(false, "the hash of client ids does not spread");
    return {};
}

}  // namespace kith::bench
