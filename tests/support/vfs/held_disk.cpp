#include "tests/support/vfs/held_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::test {
namespace {

bool is_on_disk(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

std::string directory_of(const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
}

void write_all(int fd, Bytes bytes, std::size_t offset) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), narrow<::off_t>(offset));
        CHECK_TEXT(count > 0, "the real disk under the held one failed");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::size_t>(count);
    }
}

void set_size(int fd, std::size_t size_bytes) {
    const int failed = ::ftruncate(fd, narrow<::off_t>(size_bytes));
    CHECK(failed == 0);
}

std::vector<std::uint8_t> read_all(int fd) {
    struct stat status {};
    const int failed = ::fstat(fd, &status);
    CHECK(failed == 0);
    std::vector<std::uint8_t> content(narrow<std::size_t>(status.st_size));
    std::size_t at = 0;
    while (at < content.size()) {
        const ssize_t count =
            ::pread(fd, content.data() + at, content.size() - at, narrow<::off_t>(at));
        CHECK(count > 0);
        at += static_cast<std::size_t>(count);
    }
    return content;
}

}  // namespace

HeldFile::~HeldFile() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

std::shared_ptr<HeldFile> HeldDisk::open(const std::string& path, IfMissing if_missing) {
    if (const auto found = files_.find(path); found != files_.end()) {
        return found->second;
    }
    std::shared_ptr<HeldFile> file(new HeldFile(path));
    if (exists(path)) {
        file->fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        CHECK(file->fd_ >= 0);
        file->visible_ = read_all(file->fd_);
    } else if (if_missing == IfMissing::Fail) {
        return nullptr;
    } else if (leaks()) {
        put_name_on_disk(*file);
    }
    files_.emplace(path, file);
    return file;
}

bool HeldDisk::exists(const std::string& path) const {
    return files_.contains(path) || (!removed_.contains(path) && is_on_disk(path));
}

void HeldDisk::remove(const std::string& path) {
    files_.erase(path);
    if (!is_on_disk(path)) {
        return;
    }
    if (leaks()) {
        ::unlink(path.c_str());
    } else {
        removed_.insert(path);
    }
}

void HeldDisk::sync_directory_of(const std::string& path) {
    const std::string directory = directory_of(path);
    std::erase_if(removed_, [&](const std::string& removed) {
        if (directory_of(removed) != directory) {
            return false;
        }
        ::unlink(removed.c_str());
        return true;
    });
    for (const auto& [name, file] : files_) {
        if (file->fd_ < 0 && directory_of(name) == directory) {
            put_name_on_disk(*file);
        }
    }
}

/// By way of another name, so that a killed process leaves the old file or the new one.
void HeldDisk::put_name_on_disk(HeldFile& file) {
    const std::string other_name = file.path_ + ".held";
    file.fd_ = ::open(other_name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(file.fd_ >= 0);
    write_all(file.fd_, file.synced_, 0);
    const int failed = std::rename(other_name.c_str(), file.path_.c_str());
    CHECK(failed == 0);
    removed_.erase(file.path_);
    file.synced_ = {};
}

std::size_t HeldDisk::read(const HeldFile& file, MutableBytes into, std::size_t offset) {
    if (offset >= file.visible_.size()) {
        return 0;
    }
    const std::size_t count = std::min(into.size(), file.visible_.size() - offset);
    std::copy_n(file.visible_.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
    return count;
}

Status HeldDisk::write(HeldFile& file, Bytes bytes, std::size_t offset) {
    const std::size_t end = offset + bytes.size();
    const std::size_t size_before = file.visible_.size();
    if (end > size_before) {
        if (space_bytes_ && used_bytes() + (end - size_before) > *space_bytes_) {
            return fail(ErrorKind::Limit, "the held disk is full");
        }
        file.visible_.resize(end);
        mark_unsynced(file, size_before, end - size_before);
    }
    std::copy(bytes.begin(), bytes.end(),
              file.visible_.begin() + static_cast<std::ptrdiff_t>(offset));
    mark_unsynced(file, offset, bytes.size());
    return {};
}

void HeldDisk::truncate(HeldFile& file, std::size_t size_bytes) {
    const std::size_t size_before = file.visible_.size();
    file.visible_.resize(size_bytes);
    if (size_bytes > size_before) {
        mark_unsynced(file, size_before, size_bytes - size_before);
        return;
    }
    const std::size_t sector_end = (size_bytes + kSectorBytes - 1) / kSectorBytes;
    file.unsynced_.erase(file.unsynced_.lower_bound(sector_end), file.unsynced_.end());
    if (file.fd_ >= 0 && leaks()) {
        set_size(file.fd_, std::min(size_bytes, read_all(file.fd_).size()));
    }
}

void HeldDisk::mark_unsynced(HeldFile& file, std::size_t offset, std::size_t size_bytes) {
    if (size_bytes == 0) {
        return;
    }
    const std::size_t last = (offset + size_bytes - 1) / kSectorBytes;
    for (std::size_t sector = offset / kSectorBytes; sector <= last; ++sector) {
        file.unsynced_.insert(sector);
        if (file.fd_ >= 0 && leaks()) {
            write_sectors(file, sector, 1);
        }
    }
}

void HeldDisk::write_sectors(HeldFile& file, std::size_t first, std::size_t count) {
    const std::size_t begin = first * kSectorBytes;
    const std::size_t size_bytes = std::min(count * kSectorBytes, file.visible_.size() - begin);
    const Bytes bytes = Bytes(file.visible_).subspan(begin, size_bytes);
    if (file.fd_ >= 0) {
        write_all(file.fd_, bytes, begin);
    } else {
        std::copy(bytes.begin(), bytes.end(),
                  file.synced_.begin() + static_cast<std::ptrdiff_t>(begin));
    }
}

void HeldDisk::sync(HeldFile& file) {
    if (file.fd_ >= 0) {
        set_size(file.fd_, file.visible_.size());
    } else {
        file.synced_.resize(file.visible_.size());
    }
    for (auto at = file.unsynced_.begin(); at != file.unsynced_.end();) {
        const std::size_t first = *at;
        std::size_t count = 0;
        while (at != file.unsynced_.end() && *at == first + count) {
            ++at;
            ++count;
        }
        write_sectors(file, first, count);
    }
    file.unsynced_.clear();
}

void HeldDisk::sync_in_part(HeldFile& file) {
    if (file.fd_ < 0 || leak_chance_ == 0) {
        return;
    }
    for (const std::size_t sector : file.unsynced_) {
        if (random_.chance(0.5)) {
            write_sectors(file, sector, 1);
        }
    }
}

void HeldDisk::fail_sync(HeldFile& file) {
    sync_in_part(file);
    file.unsynced_.clear();
}

void HeldDisk::forget() {
    files_.clear();
    removed_.clear();
}

std::uint64_t HeldDisk::used_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, file] : files_) {
        bytes += file->visible_.size();
    }
    return bytes;
}

}  // namespace kith::test
