// What every demo stands on: a directory that may go with it, and ports that are free.
#pragma once

#include <cstdint>
#include <string>

namespace kith::cli {

/// Where the data of a demo's nodes is: the user's directory, or one that goes with the demo.
class DemoDirectory {
  public:
    /// `asked` may be empty: then a temporary one is made, which goes unless it `keeps`.
    DemoDirectory(const std::string& asked, bool keeps);
    ~DemoDirectory();
    DemoDirectory(const DemoDirectory&) = delete;
    DemoDirectory& operator=(const DemoDirectory&) = delete;

    /// Empty if none could be made.
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
    bool is_temporary_;
};

/// What the user asked for; otherwise the usual port if it is free, or any.
[[nodiscard]] std::string address_or_free(const std::string& asked, std::uint16_t usual_port);

}  // namespace kith::cli
