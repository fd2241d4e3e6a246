#include "wire/dns/name.h"

#include <algorithm>

#include "base/check.h"
#include "wire/dns/limits.h"

namespace kith::dns {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

Name::Name(std::string_view dotted) {
    while (!dotted.empty()) {
        const std::size_t dot = std::min(dotted.find('.'), dotted.size());
        CHECK(append(dotted.substr(0, dot)));
        dotted.remove_prefix(std::min(dot + 1, dotted.size()));
    }
}

Name::Name(std::string_view first, const Name& rest) {
    CHECK(append(first));
    for (const std::string& label : rest.labels()) {
        CHECK(append(label));
    }
}

bool Name::append(std::string_view label) {
    if (label.empty() || label.size() > kLabelBytesMax ||
        encoded_bytes_ + 1 + label.size() > kNameBytesMax) {
        return false;
    }
    encoded_bytes_ += 1 + label.size();
    labels_.emplace_back(label);
    return true;
}

bool Name::is_below(const Name& parent) const {
    const auto& theirs = parent.labels();
    return labels_.size() > theirs.size() &&
           std::equal(theirs.rbegin(), theirs.rend(), labels_.rbegin(), is_same);
}

std::string Name::to_string() const {
    std::string text;
    for (const std::string& label : labels_) {
        text += label;
        text += '.';
    }
    return text;
}

bool operator==(const Name& a, const Name& b) {
    return std::ranges::equal(a.labels_, b.labels_, is_same);
}

}  // namespace kith::dns
