#include "node/backup_archive.h"

#include "base/bytes.h"
#include "crypto/digest.h"
#include "json/document.h"
#include "json/writer.h"
#include "node/detail/descriptor.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace kith::node {
namespace {

constexpr std::size_t kBlockBytes = 512;
constexpr std::size_t kBufferBytes = 1024 * 1024;
constexpr std::size_t kManifestBytesMax = 64 * 1024;
constexpr std::int64_t kFormat = 1;
constexpr std::string_view kManifestName = "manifest.json";
using Block = std::array<char, kBlockBytes>;

// POSIX ustar, offset and length of each field that is used.
struct Field {
    std::size_t at;
    std::size_t length;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUser{108, 8};
constexpr Field kGroup{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kTime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kTypeAt = 156;
constexpr Field kMagic{257, 8};
constexpr std::string_view kMagicText("ustar\00000", 8);
/// A larger size is written as a big-endian number with the first bit set, as GNU tar does.
constexpr std::uint64_t kOctalSizeMax = (std::uint64_t{1} << 33) - 1;

std::string reason() {
    return std::strerror(errno);
}

/// As many bytes as there are, up to `size`. Nothing after an error.
std::optional<std::size_t> read_some(int fd, char* to, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t count = ::read(fd, to + done, size - done);
        if (count == 0) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            return std::nullopt;
        }
        done += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    return done;
}

std::uint64_t padding_of(std::uint64_t bytes) {
    return (kBlockBytes - bytes % kBlockBytes) % kBlockBytes;
}

std::uint32_t checksum_of(Block block) {
    std::fill_n(block.begin() + kChecksum.at, kChecksum.length, ' ');
    std::uint32_t sum = 0;
    for (const char each : block) {
        sum += static_cast<std::uint8_t>(each);
    }
    return sum;
}

void put(Block& block, Field field, std::string_view text) {
    std::copy_n(text.begin(), std::min(text.size(), field.length), block.begin() + field.at);
}

Block make_header(std::string_view name, std::uint64_t bytes, WallTime time) {
    Block block{};
    put(block, kName, name);
    put(block, kMode, "0000600");
    put(block, kUser, "0000000");
    put(block, kGroup, "0000000");
    if (bytes <= kOctalSizeMax) {
        put(block, kSize, fmt::format("{:011o}", bytes));
    } else {
        block[kSize.at] = '\x80';
        for (std::size_t i = 0; i < sizeof(bytes); ++i) {
            block[kSize.at + kSize.length - 1 - i] = static_cast<char>(bytes >> (8 * i) & 0xFF);
        }
    }
    put(block, kTime, fmt::format("{:011o}", static_cast<std::uint64_t>(time.ms()) / 1000));
    block[kTypeAt] = '0';
    put(block, kMagic, kMagicText);
    put(block, kChecksum, fmt::format("{:06o}", checksum_of(block)));
    return block;
}

std::optional<std::uint64_t> read_octal(const Block& block, Field field) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < field.length; ++i) {
        const char each = block[field.at + i];
        if (each == '\0' || each == ' ') {
            return i > 0 ? std::optional(number) : std::nullopt;
        }
        if (each < '0' || each > '7') {
            return std::nullopt;
        }
        number = number * 8 + static_cast<std::uint64_t>(each - '0');
    }
    return number;
}

std::optional<std::uint64_t> read_size(const Block& block) {
    if (block[kSize.at] != '\x80') {
        return read_octal(block, kSize);
    }
    std::uint64_t number = 0;
    for (std::size_t i = 1; i < kSize.length; ++i) {
        if (number >> 55 != 0) {
            return std::nullopt;
        }
        number = number << 8 | static_cast<std::uint8_t>(block[kSize.at + i]);
    }
    return number;
}

std::string to_json(const BackupManifest& manifest) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("format", kFormat);
    json.field("version", std::string_view(manifest.version));
    json.field("node", std::string_view(manifest.node));
    json.field("created_at", manifest.created_at);
    json.field("created_at_ms", manifest.created_at.ms());
    json.key("files");
    json.begin_array();
    for (const BackupFile& file : manifest.files) {
        json.begin_object();
        json.field("name", std::string_view(file.name));
        json.field("bytes", file.bytes);
        json.field("sha256", std::string_view(file.sha256));
        if (file.schema_version != 0) {
            json.field("schema_version", file.schema_version);
        }
        json.end_object();
    }
    json.end_array();
    json.end_object();
    out += '\n';
    return out;
}

OrProblem<BackupManifest> parse_manifest(std::string_view text) {
    const auto document = json::Document::parse(text, {.bytes_max = kManifestBytesMax});
    if (!document) {
        return problem("its manifest cannot be read");
    }
    const json::View root = document->root();
    const auto format = root["format"].integer();
    const auto created_at = root["created_at_ms"].integer();
    if (!format || !created_at || *created_at < 0 || !root["files"].is_array()) {
        return problem("its manifest cannot be read");
    }
    BackupManifest manifest{.version = std::string(root["version"].text().value_or("unknown")),
                            .node = std::string(root["node"].text().value_or("")),
                            .created_at = WallTime::from_ms(*created_at),
                            .files = {}};
    if (*format != kFormat) {
        return problem(
            fmt::format("it was made by kith {}, in a format that this version does "
                        "not know",
                        manifest.version));
    }
    for (std::size_t i = 0; i < root["files"].size(); ++i) {
        const json::View file = root["files"].at(i);
        const auto bytes = file["bytes"].integer();
        if (!bytes || *bytes < 0) {
            return problem("its manifest cannot be read");
        }
        manifest.files.push_back({.name = std::string(file["name"].text().value_or("")),
                                  .bytes = static_cast<std::uint64_t>(*bytes),
                                  .sha256 = std::string(file["sha256"].text().value_or("")),
                                  .schema_version = file["schema_version"].integer().value_or(0)});
    }
    return manifest;
}

/// Writes an archive, file by file.
class Writer {
  public:
    Writer(int fd, WallTime time, const BackupListener& listener)
        : fd_(fd), time_(time), listener_(listener), buffer_(kBufferBytes, '\0') {}

    OrProblem<BackupFile> add(const BackupSource& source, std::uint64_t bytes_total);
    OrProblem<void> finish(std::string_view manifest);

  private:
    bool put_header(std::string_view name, std::uint64_t bytes) {
        const Block header = make_header(name, bytes, time_);
        return write_all(fd_, {header.data(), header.size()});
    }
    bool put_padding(std::uint64_t bytes) {
        return write_all(fd_, std::string(padding_of(bytes), '\0'));
    }

    int fd_;
    WallTime time_;
    const BackupListener& listener_;
    std::string buffer_;
    std::uint64_t bytes_done_ = 0;
};

OrProblem<BackupFile> Writer::add(const BackupSource& source, std::uint64_t bytes_total) {
    const Descriptor file(source.path, O_RDONLY);
    struct stat facts {};
    if (!file.is_open() || ::fstat(file.fd(), &facts) != 0) {
        return problem(because("read", source.path));
    }
    BackupFile added = source.file;
    added.bytes = static_cast<std::uint64_t>(facts.st_size);
    if (!put_header(added.name, added.bytes)) {
        return problem(fmt::format("cannot write: {}", reason()));
    }
    crypto::Sha256 digest;
    for (std::uint64_t left = added.bytes; left > 0;) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, kBufferBytes));
        const auto count = read_some(file.fd(), buffer_.data(), wanted);
        if (!count || *count != wanted) {
            return problem(fmt::format("cannot read {}: {}", source.path,
                                       count ? "it became shorter" : reason()));
        }
        const std::string_view piece(buffer_.data(), wanted);
        digest.add(as_bytes(piece));
        if (!write_all(fd_, piece)) {
            return problem(fmt::format("cannot write: {}", reason()));
        }
        left -= wanted;
        bytes_done_ += wanted;
        if (!listener_("writing", bytes_done_, std::max(bytes_total, bytes_done_))) {
            return problem("it was broken off");
        }
    }
    if (!put_padding(added.bytes)) {
        return problem(fmt::format("cannot write: {}", reason()));
    }
    added.sha256 = to_hex(digest.finish());
    return added;
}

OrProblem<void> Writer::finish(std::string_view manifest) {
    const std::string end(2 * kBlockBytes, '\0');
    if (!put_header(kManifestName, manifest.size()) || !write_all(fd_, manifest) ||
        !put_padding(manifest.size()) || !write_all(fd_, end)) {
        return problem(fmt::format("cannot write: {}", reason()));
    }
    return {};
}

/// Reads an archive, file by file, until its manifest.
class Reader {
  public:
    Reader(int fd, const std::string& directory, const BackupListener& listener)
        : fd_(fd), directory_(directory), listener_(listener), buffer_(kBufferBytes, '\0') {}

    OrProblem<BackupManifest> run();

  private:
    struct Entry {
        std::string name;
        std::uint64_t bytes;
    };
    OrProblem<Entry> next_entry();
    OrProblem<void> take_file(const Entry& entry);
    OrProblem<BackupManifest> take_manifest(const Entry& entry);
    OrProblem<void> check(const BackupManifest& manifest) const;

    int fd_;
    const std::string& directory_;
    const BackupListener& listener_;
    std::string buffer_;
    std::uint64_t archive_bytes_ = 0;
    std::uint64_t bytes_done_ = 0;
    std::vector<BackupFile> found_;
};

tl::unexpected<Problem> cut_off() {
    return problem("it is cut off: the copy of this file is not whole");
}

OrProblem<BackupManifest> Reader::run() {
    struct stat facts {};
    if (::fstat(fd_, &facts) != 0) {
        return problem(reason());
    }
    archive_bytes_ = static_cast<std::uint64_t>(facts.st_size);
    // Bounded: every name may come once.
    for (;;) {
        auto entry = next_entry();
        if (!entry) {
            return tl::unexpected(entry.error());
        }
        if (entry->name == kManifestName) {
            return take_manifest(*entry);
        }
        if (auto taken = take_file(*entry); !taken) {
            return tl::unexpected(taken.error());
        }
    }
}

OrProblem<Reader::Entry> Reader::next_entry() {
    Block block{};
    const auto count = read_some(fd_, block.data(), block.size());
    if (!count) {
        return problem(reason());
    }
    if (*count != block.size()) {
        return found_.empty() ? problem("it is not a backup of Kith") : cut_off();
    }
    bytes_done_ += block.size();
    const auto checksum = read_octal(block, kChecksum);
    const auto size = read_size(block);
    const bool is_header =
        std::string_view(block.data() + kMagic.at, kMagic.length) == kMagicText && checksum &&
        *checksum == checksum_of(block) && size && block[kTypeAt] == '0';
    if (!is_header) {
        return problem(found_.empty() ? "it is not a backup of Kith"
                                      : "it is damaged: a header is not what was written");
    }
    if (*size > archive_bytes_ - std::min(archive_bytes_, bytes_done_)) {
        return cut_off();
    }
    return Entry{.name = std::string(block.data(), ::strnlen(block.data(), kName.length)),
                 .bytes = *size};
}

OrProblem<void> Reader::take_file(const Entry& entry) {
    const bool is_known =
        std::find(kBackupFiles.begin(), kBackupFiles.end(), entry.name) != kBackupFiles.end();
    const bool is_new = std::none_of(found_.begin(), found_.end(),
                                     [&](const BackupFile& f) { return f.name == entry.name; });
    if (!is_known || !is_new) {
        return problem("it has a file that no backup of this version has");
    }
    const std::string path = directory_ + "/" + entry.name;
    const Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open()) {
        return problem(because("write", path));
    }
    crypto::Sha256 digest;
    const std::uint64_t padded = entry.bytes + padding_of(entry.bytes);
    for (std::uint64_t done = 0; done < padded;) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(padded - done, kBufferBytes));
        const auto count = read_some(fd_, buffer_.data(), wanted);
        if (!count) {
            return problem(reason());
        }
        if (*count != wanted) {
            return cut_off();
        }
        const std::string_view piece(
            buffer_.data(),
            static_cast<std::size_t>(std::min<std::uint64_t>(wanted, entry.bytes - done)));
        digest.add(as_bytes(piece));
        if (!write_all(file.fd(), piece)) {
            return problem(because("write", path));
        }
        done += wanted;
        if (!listener_("reading", bytes_done_ + done, archive_bytes_)) {
            return problem("it was broken off");
        }
    }
    if (::fsync(file.fd()) != 0) {
        return problem(because("write", path));
    }
    bytes_done_ += padded;
    found_.push_back({.name = entry.name, .bytes = entry.bytes, .sha256 = to_hex(digest.finish())});
    return {};
}

OrProblem<BackupManifest> Reader::take_manifest(const Entry& entry) {
    if (entry.bytes > kManifestBytesMax) {
        return problem("its manifest is too long");
    }
    std::string text(static_cast<std::size_t>(entry.bytes), '\0');
    const auto count = read_some(fd_, text.data(), text.size());
    if (!count || *count != text.size()) {
        return cut_off();
    }
    auto manifest = parse_manifest(text);
    if (!manifest) {
        return manifest;
    }
    if (auto checked = check(*manifest); !checked) {
        return tl::unexpected(checked.error());
    }
    return manifest;
}

/// The files that were found are those of the manifest, and the stores are among them.
OrProblem<void> Reader::check(const BackupManifest& manifest) const {
    for (std::size_t i = 0; i < std::max(found_.size(), manifest.files.size()); ++i) {
        if (i >= found_.size() || i >= manifest.files.size() ||
            found_[i].name != manifest.files[i].name) {
            return problem("it is damaged: its files are not those of its manifest");
        }
        if (found_[i].bytes != manifest.files[i].bytes ||
            found_[i].sha256 != manifest.files[i].sha256) {
            return problem(
                fmt::format("it is damaged: {} is not what was written (SHA-256)", found_[i].name));
        }
    }
    for (std::size_t i = 0; i < kBackupStoreCount; ++i) {
        if (found_.size() <= i || found_[i].name != kBackupFiles[i]) {
            return problem(fmt::format("it has no {}", kBackupFiles[i]));
        }
    }
    return {};
}

}  // namespace

OrProblem<BackupManifest> write_backup(int fd, BackupManifest manifest,
                                       const std::vector<BackupSource>& sources,
                                       const BackupListener& listener) {
    std::uint64_t bytes_total = 0;
    for (const BackupSource& source : sources) {
        struct stat facts {};
        bytes_total += ::stat(source.path.c_str(), &facts) == 0
                           ? static_cast<std::uint64_t>(facts.st_size)
                           : 0;
    }
    Writer writer(fd, manifest.created_at, listener);
    for (const BackupSource& source : sources) {
        auto added = writer.add(source, bytes_total);
        if (!added) {
            return tl::unexpected(added.error());
        }
        manifest.files.push_back(std::move(*added));
    }
    if (auto finished = writer.finish(to_json(manifest)); !finished) {
        return tl::unexpected(finished.error());
    }
    return manifest;
}

OrProblem<BackupManifest> read_backup(int fd, const std::string& directory,
                                      const BackupListener& listener) {
    return Reader(fd, directory, listener).run();
}

}  // namespace kith::node
