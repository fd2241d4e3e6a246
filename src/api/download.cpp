#include "api/download.h"

#include "api/limits.h"

namespace kith::api {

Download::Download(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                   std::unique_ptr<ByteSource> content, std::function<void()> ended)
    : shard_(shard),
      stream_(std::move(stream)),
      content_(std::move(content)),
      ended_(std::move(ended)) {
    stream_->set_handler(this);
}

void Download::start() {
    shard_.arm_after(*this, kStalledTimeout);
    read_more();
}

void Download::read_more() {
    if (is_reading_ || is_over_ || stream_->is_congested()) {
        return;
    }
    is_reading_ = true;
    content_->read(kDownloadStepBytes,
                   [this](const Result<std::string>& piece) { on_piece(piece); });
}

void Download::on_piece(const Result<std::string>& piece) {
    is_reading_ = false;
    if (!piece) {
        ended_();  // the client sees that it is shorter than was announced
        return;
    }
    if (piece->empty()) {
        is_over_ = true;
        stream_->close();
        return;
    }
    stream_->send(as_bytes(*piece));
    read_more();
}

void Download::on_timer(Instant) {
    const std::uint64_t sent = stream_->sent_bytes();
    if (!is_reading_ && sent == sent_bytes_seen_) {
        ended_();
        return;
    }
    sent_bytes_seen_ = sent;
    shard_.arm_after(*this, kStalledTimeout);
}

void Download::on_closed(const Error&) {
    ended_();
}

bool Downloads::is_full() const {
    return downloads_.size() >= kDownloadsMax;
}

void Downloads::add(std::unique_ptr<runtime::Stream> stream, std::unique_ptr<ByteSource> content) {
    const std::uint64_t number = ++last_number_;
    auto download = std::make_unique<Download>(shard_, std::move(stream), std::move(content),
                                               [this, number] { downloads_.erase(number); });
    downloads_.emplace(number, std::move(download)).first->second->start();
}

}  // namespace kith::api
