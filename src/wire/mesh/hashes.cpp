// The hashes on which nodes agree: docs/formats/mesh.md has them in words, and examples.
#include "base/hash.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {
namespace {

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the input decides on every
/// bit of the output.
constexpr std::uint64_t mix(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

constexpr std::uint64_t key_hash(const RecordKey& key) {
    const auto place = (std::uint64_t{static_cast<std::uint8_t>(key.kind)} << 16U) | key.part;
    return mix(key.origin.value() ^ mix(place));
}

constexpr unsigned kBucketShift = 58;  // what is left are 6 bits
static_assert(kDigestBuckets == std::size_t{1} << (64 - kBucketShift));

}  // namespace

std::size_t record_bucket(const RecordKey& key) {
    return key_hash(key) >> kBucketShift;
}

std::uint64_t record_hash(const RecordKey& key, const Version& version) {
    return mix(key_hash(key) ^ mix((std::uint64_t{version.epoch} << 32U) | version.counter));
}

std::uint64_t state_hash(std::uint32_t tenant, std::string_view name) {
    const std::uint64_t hash = hash_text(name);
    return tenant == 0 ? hash : mix(hash ^ mix(tenant));
}

std::uint64_t state_digest(const StateKey& key, const Stamp& stamp) {
    const std::uint64_t place = mix(key.hash ^ mix(static_cast<std::uint8_t>(key.kind)));
    return mix(place ^ mix(stamp.time ^ mix(stamp.writer.value())));
}

std::uint64_t share_group_id(std::uint32_t tenant, std::string_view group,
                             std::string_view filter) {
    return mix(hash_text(filter) ^ mix(hash_text(group) ^ mix(tenant)));
}

}  // namespace kith::mesh
