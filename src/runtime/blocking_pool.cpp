#include "runtime/blocking_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <pthread.h>

#include "base/check.h"
#include "runtime/limits.h"
#include "runtime/shard.h"

namespace kith::runtime {
namespace {

class ThreadPool final : public BlockingPool {
  public:
    explicit ThreadPool(std::size_t thread_count) {
        CHECK(thread_count > 0);
        for (std::size_t i = 0; i < thread_count; ++i) {
            threads_.emplace_back([this] {
                pthread_setname_np(pthread_self(), "kith-blocking");
                work();
            });
        }
    }

    ~ThreadPool() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            queue_.clear();
        }
        changed_.notify_all();
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }

    [[nodiscard]] Status submit(Shard& shard, std::function<std::unique_ptr<Mail>()> job) override {
        {
            const std::lock_guard lock(mutex_);
            if (queue_.size() >= kBlockingQueueMax) {
                return fail(ErrorKind::Limit, "too much work is waiting");
            }
            queue_.push_back({&shard, std::move(job)});
        }
        changed_.notify_one();
        return {};
    }

  private:
    struct Job {
        Shard* shard;
        std::function<std::unique_ptr<Mail>()> run;
    };

    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) {
                return;
            }
            {
                const Job job = std::move(queue_.front());
                queue_.pop_front();
                lock.unlock();
                job.shard->post_completion(job.run());
            }  // what the job holds goes without the lock
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<BlockingPool> make_blocking_pool(std::size_t thread_count) {
    return std::make_unique<ThreadPool>(thread_count);
}

}  // namespace kith::runtime
