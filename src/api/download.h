// A file on its way to a client, behind the head of a response that was sent already.
//
// It reads the next piece when the client has taken those before, so that a large file needs little
// memory however slow the client is. Threads: shard-local. Limits: limits.h, kDownloads...
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/backups.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/timer.h"

namespace kith::api {

class Download final : public runtime::StreamHandler, private runtime::Timer {
  public:
    /// `ended` is called once, as the last act; it destroys the download.
    Download(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
             std::unique_ptr<ByteSource> content, std::function<void()> ended);

    void start();

    // StreamHandler
    void on_data(MutableBytes) override {}  // a client has nothing more to say
    void on_drained() override { read_more(); }
    void on_closed(const Error& reason) override;

  private:
    void on_timer(Instant now) override;
    void read_more();
    void on_piece(const Result<std::string>& piece);

    runtime::Shard& shard_;
    std::unique_ptr<runtime::Stream> stream_;
    std::unique_ptr<ByteSource> content_;
    std::function<void()> ended_;
    std::uint64_t sent_bytes_seen_ = 0;
    bool is_reading_ = false;
    bool is_over_ = false;
};

/// Those under way.
class Downloads {
  public:
    explicit Downloads(runtime::Shard& shard) : shard_(shard) {}
    [[nodiscard]] bool is_full() const;
    void add(std::unique_ptr<runtime::Stream> stream, std::unique_ptr<ByteSource> content);

  private:
    runtime::Shard& shard_;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, std::unique_ptr<Download>> downloads_;
};

}  // namespace kith::api
