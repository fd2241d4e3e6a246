#include "cli/backup_progress.h"

#include "cli/json_line.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace kith::cli {

bool BackupProgress::operator()(std::string_view what, std::uint64_t bytes_done,
                                std::uint64_t bytes_total) {
    constexpr auto kEvery = std::chrono::seconds(2);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kEvery) {
        return true;
    }
    last_ = now;
    fmt::print(stderr, "kith: {} {} of {} MB, {} %\n", what, bytes_done / 1'000'000,
               bytes_total / 1'000'000, bytes_done * 100 / std::max<std::uint64_t>(bytes_total, 1));
    return true;
}

void print_backup(const BackupReport& report, const node::BackupManifest& manifest) {
    std::uint64_t bytes = 0;
    for (const node::BackupFile& file : manifest.files) {
        bytes += file.bytes;
    }
    if (!report.as_json) {
        fmt::print("backup of {} by kith {} {} {}: {} files, {} bytes\n",
                   to_rfc3339(manifest.created_at), manifest.version, report.what, report.file,
                   manifest.files.size(), bytes);
        return;
    }
    print_json_line([&](json::Writer& json) {
        json.field("path", report.file);
        json.field("version", std::string_view(manifest.version));
        json.field("created_at", manifest.created_at);
        json.field("bytes", bytes);
        json.key("files");
        json.begin_array();
        for (const node::BackupFile& file : manifest.files) {
            json.begin_object();
            json.field("name", std::string_view(file.name));
            json.field("bytes", file.bytes);
            json.field("sha256", std::string_view(file.sha256));
            json.end_object();
        }
        json.end_array();
    });
}

}  // namespace kith::cli
