// A domain name: labels of any bytes, compared without regard to the case of ASCII letters.
// Threads: values. Limits: limits.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kith::dns {

class Name {
  public:
    Name() = default;
    /// Of text whose labels have no dots: "_kith._tcp.local". Requires: a valid name.
    explicit Name(std::string_view dotted);
    /// `first` may have dots and spaces, as names of service instances do.
    Name(std::string_view first, const Name& rest);

    /// False, and unchanged, if the name would be too long or the label is empty.
    [[nodiscard]] bool append(std::string_view label);

    [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
    /// On the wire, without compression.
    [[nodiscard]] std::size_t encoded_bytes() const { return encoded_bytes_; }
    /// Whether it is `parent` with labels in front of it.
    [[nodiscard]] bool is_below(const Name& parent) const;
    /// For people; dots within labels are not told apart.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const Name& a, const Name& b);

  private:
    std::vector<std::string> labels_;
    std::size_t encoded_bytes_ = 1;
};

}  // namespace kith::dns
