#include "base/version.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Version, IsTheOneOfTheProject) {
    std::ifstream project("CMakeLists.txt");
    const std::string text(std::istreambuf_iterator<char>(project), {});
    EXPECT_NE(text.find("project(kith VERSION " + std::string(version()) + " "), std::string::npos);
}

}  // namespace
}  // namespace kith
