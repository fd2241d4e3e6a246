// Backups that are made of what a test says.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "api/backups.h"

namespace kith::api {

class FakeBackups final : public Backups {
  public:
    BackupFacts told;
    Status start_answer;
    std::string file;  // its content; empty: there is none
    /// Reading fails from this byte on.
    std::size_t fails_at = std::string::npos;
    int start_count = 0;

    Done done;  // of the last that was started

    Status start(Done done_in) override {
        ++start_count;
        done = std::move(done_in);
        return start_answer;
    }
    BackupFacts facts() const override { return told; }
    Result<BackupFile> open() override {
        if (file.empty()) {
            return fail(ErrorKind::NotFound, "no backup was made yet");
        }
        return BackupFile{.name = "kith-1.tar", .content = std::make_unique<Source>(*this)};
    }

  private:
    class Source final : public ByteSource {
      public:
        explicit Source(const FakeBackups& backups) : backups_(backups) {}
        std::uint64_t size_bytes() const override { return backups_.file.size(); }
        void read(std::size_t bytes_max,
                  std::function<void(Result<std::string>)> done_in) override {
            if (at_ >= backups_.fails_at) {
                done_in(fail(ErrorKind::Io, "cannot read"));
                return;
            }
            std::string piece = backups_.file.substr(at_, bytes_max);
            at_ += piece.size();
            done_in(std::move(piece));
        }

      private:
        const FakeBackups& backups_;
        std::size_t at_ = 0;
    };
};

}  // namespace kith::api
