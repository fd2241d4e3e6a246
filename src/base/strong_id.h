// Integers that cannot be mistaken for one another.
//
//     using SessionId = StrongId<struct SessionIdTag, std::uint64_t>;
//
// An id compares, hashes and prints; it does not calculate. value() gives the bare integer at the
// border to a wire, a disk or an index.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace kith {

template <typename Tag, typename Rep>
class StrongId {
  public:
    using rep = Rep;

    constexpr StrongId() = default;
    constexpr explicit StrongId(Rep value) : value_(value) {}

    [[nodiscard]] constexpr Rep value() const { return value_; }

    /// The id after this one; for allocators of ids.
    [[nodiscard]] constexpr StrongId next() const { return StrongId(static_cast<Rep>(value_ + 1)); }

    friend constexpr auto operator<=>(StrongId, StrongId) = default;
    friend constexpr bool operator==(StrongId, StrongId) = default;

    /// For boost::unordered containers.
    friend std::size_t hash_value(StrongId id) { return std::hash<Rep>{}(id.value_); }

  private:
    Rep value_{};
};

}  // namespace kith

template <typename Tag, typename Rep>
struct std::hash<kith::StrongId<Tag, Rep>> {
    std::size_t operator()(kith::StrongId<Tag, Rep> id) const noexcept {
        return std::hash<Rep>{}(id.value());
    }
};
