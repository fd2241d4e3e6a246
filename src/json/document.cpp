#include "json/document.h"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kith::json {
namespace {

using Node = nlohmann::json;

const Node* as_node(const void* node) {
    return static_cast<const Node*>(node);
}

/// Deepest nesting of brackets outside strings. Malformed text may give anything: the parser
/// refuses it afterwards.
std::size_t depth_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (in_string) {
            at += c == '\\' ? 1U : 0U;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

/// Notices members of one object that have one name, while the parser goes through it.
class RepeatedNames {
  public:
    void on_event(Node::parse_event_t event, const Node& parsed) {
        if (event == Node::parse_event_t::object_start) {
            open_.emplace_back();
        } else if (event == Node::parse_event_t::object_end) {
            open_.pop_back();
        } else if (event == Node::parse_event_t::key) {
            found_ = !open_.back().insert(parsed.get_ref<const std::string&>()).second || found_;
        }
    }
    [[nodiscard]] bool found() const { return found_; }

  private:
    std::vector<std::set<std::string>> open_;  // names of each object that has not ended
    bool found_ = false;
};

}  // namespace

struct Document::Impl {
    Node root;
};

Result<Document> Document::parse(std::string_view text, const ParseLimits& limits) {
    if (text.size() > limits.bytes_max) {
        return fail(ErrorKind::Limit, "the JSON text is too long");
    }
    if (depth_of(text) > limits.depth_max) {
        return fail(ErrorKind::Limit, "the JSON text is nested too deeply");
    }
    auto impl = std::make_unique<Impl>();
    RepeatedNames repeated;
    Node::parser_callback_t watch;
    if (limits.unique_names) {
        watch = [&repeated](int, Node::parse_event_t event, const Node& parsed) {
            repeated.on_event(event, parsed);
            return true;
        };
    }
    impl->root = Node::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
    if (impl->root.is_discarded()) {
        return fail(ErrorKind::Malformed, "not JSON");
    }
    if (repeated.found()) {
        return fail(ErrorKind::Malformed, "an object has two members of one name");
    }
    return Document(std::move(impl));
}

Document::Document(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

View Document::root() const {
    return View(&impl_->root);
}

bool View::is_null() const {
    return exists() && as_node(node_)->is_null();
}

bool View::is_object() const {
    return exists() && as_node(node_)->is_object();
}

bool View::is_array() const {
    return exists() && as_node(node_)->is_array();
}

std::optional<std::string_view> View::text() const {
    if (!exists() || !as_node(node_)->is_string()) {
        return std::nullopt;
    }
    return std::string_view(as_node(node_)->get_ref<const std::string&>());
}

std::optional<bool> View::boolean() const {
    if (!exists() || !as_node(node_)->is_boolean()) {
        return std::nullopt;
    }
    return as_node(node_)->get<bool>();
}

std::optional<std::int64_t> View::integer() const {
    if (!exists() || !as_node(node_)->is_number_integer()) {
        return std::nullopt;
    }
    if (as_node(node_)->is_number_unsigned() &&
        !std::in_range<std::int64_t>(as_node(node_)->get<std::uint64_t>())) {
        return std::nullopt;
    }
    return as_node(node_)->get<std::int64_t>();
}

std::optional<double> View::number() const {
    if (!exists() || !as_node(node_)->is_number()) {
        return std::nullopt;
    }
    return as_node(node_)->get<double>();
}

View View::operator[](std::string_view name) const {
    if (!is_object()) {
        return {};
    }
    const auto found = as_node(node_)->find(name);
    return found == as_node(node_)->end() ? View() : View(&*found);
}

std::size_t View::size() const {
    return is_object() || is_array() ? as_node(node_)->size() : 0;
}

View View::at(std::size_t index) const {
    return is_array() && index < size() ? View(&(*as_node(node_))[index]) : View();
}

void View::each_member(const std::function<void(std::string_view, View)>& visit) const {
    if (!is_object()) {
        return;
    }
    for (auto member = as_node(node_)->begin(); member != as_node(node_)->end(); ++member) {
        visit(member.key(), View(&*member));
    }
}

}  // namespace kith::json
