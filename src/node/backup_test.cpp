#include "node/backup.h"

#include "node/backup_service.h"
#include "node/node_directory.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/record_text.h"
#include "storage/testing/temp_directory.h"
#include "storage/writer_journal.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace kith::node {
namespace {

namespace fs = std::filesystem;

bool ignore(std::string_view, std::uint64_t, std::uint64_t) {
    return true;
}

class BackupTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(NodeDirectory::open(data_));
        ASSERT_TRUE(storage::open_message_store({.path = data_ + "/messages.db"}));
        const auto control = storage::open_control_store({.path = data_ + "/control.db"});
        ASSERT_TRUE(control);
        ASSERT_TRUE((*control)->set_setting("key", "value"));
        ASSERT_TRUE(write_private_file(data_ + "/node.pem", std::string(1000, 'c')));
        ASSERT_TRUE(write_private_file(data_ + "/node.key", "secret"));
    }
    [[nodiscard]] OrProblem<BackupManifest> back_up(Overwrite overwrite = Overwrite::No) const {
        return make_backup({.data_directory = data_,
                            .file = file_,
                            .overwrite = overwrite,
                            .now = WallTime::from_ms(1'700'000'000'000)},
                           ignore);
    }
    [[nodiscard]] OrProblem<BackupManifest> restore(const std::string& to,
                                                    Overwrite overwrite = Overwrite::No) const {
        return restore_backup({.file = file_, .data_directory = to, .overwrite = overwrite},
                              ignore);
    }
    /// What restoring into a new directory fails with; "" if it does not.
    [[nodiscard]] std::string refusal() const {
        const auto restored = restore(temp_.file("new"));
        EXPECT_FALSE(!restored && fs::exists(temp_.file("new")));
        return restored ? "" : restored.error().text;
    }
    static std::string content_of(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void set_content(std::string_view content) const {
        std::ofstream(file_, std::ios::binary | std::ios::trunc) << content;
    }
    static std::set<std::string> names_in(const std::string& path) {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(path)) {
            names.insert(entry.path().filename());
        }
        return names;
    }

    storage::testing::TempDirectory temp_;
    std::string data_ = temp_.file("data");
    std::string file_ = temp_.file("backup.tar");
};

TEST_F(BackupTest, BringsBackEveryFileOfTheNode) {
    const auto made = back_up();
    ASSERT_TRUE(made) << made.error().text;
    struct stat facts {};
    ASSERT_EQ(::stat(file_.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    EXPECT_EQ(names_in(temp_.path()), (std::set<std::string>{"data", "backup.tar"}));
    EXPECT_EQ(names_in(data_),
              (std::set<std::string>{"control.db", "lock", "messages.db", "node.key", "node.pem"}));

    const std::string to = temp_.file("deep/new/");
    const auto restored = restore(to);
    ASSERT_TRUE(restored) << restored.error().text;
    EXPECT_EQ(restored->files.size(), 4U);
    EXPECT_EQ(restored->created_at.ms(), 1'700'000'000'000);
    EXPECT_EQ(content_of(to + "node.key"), "secret");
    EXPECT_EQ(content_of(to + "node.pem"), std::string(1000, 'c'));
    const auto control = storage::open_control_store({.path = to + "control.db"});
    ASSERT_TRUE(control);
    EXPECT_EQ((*control)->setting("key").value(), "value");
    EXPECT_TRUE(storage::open_message_store({.path = to + "messages.db"}));
    EXPECT_EQ(names_in(temp_.file("deep")), (std::set<std::string>{"new"}));
}

TEST_F(BackupTest, ReplacesAFileOnlyWhenToldTo) {
    set_content("precious");
    const auto refused = back_up();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("--force"), std::string::npos);
    EXPECT_EQ(content_of(file_), "precious");
    ASSERT_TRUE(back_up(Overwrite::Yes));
    EXPECT_EQ(refusal(), "");
}

TEST_F(BackupTest, OfADirectoryWithoutANodeIsRefusedAndMakesNone) {
    data_ = temp_.file("nothing");
    const auto refused = back_up();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("no node has run"), std::string::npos);
    EXPECT_FALSE(fs::exists(data_));
}

TEST_F(BackupTest, OfADamagedStoreIsRefusedAndLeavesNothing) {
    std::ofstream(data_ + "/messages.db", std::ios::binary | std::ios::trunc)
        << std::string(20'000, 'x');
    const auto refused = back_up();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("messages.db"), std::string::npos);
    EXPECT_EQ(names_in(temp_.path()), (std::set<std::string>{"data"}));
}

TEST_F(BackupTest, DoesNotTakeTheSpaceThatTheNodeNeeds) {
    const auto refused = make_backup(
        {.data_directory = data_, .file = file_, .reserve_bytes = std::uint64_t{1} << 62}, ignore);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("MB free"), std::string::npos);
    EXPECT_EQ(names_in(temp_.path()), (std::set<std::string>{"data"}));
}

/// The disk takes so many bytes of a file and no more, at every place of the archive.
TEST_F(BackupTest, ThatCannotBeWrittenLeavesNothingBehind) {
    ASSERT_TRUE(back_up());
    const auto whole_bytes = fs::file_size(file_);
    const std::string before = content_of(file_);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    // Above the largest store, so that it is the archive that does not fit.
    const auto store_bytes =
        std::max(fs::file_size(data_ + "/messages.db"), fs::file_size(data_ + "/control.db"));
    for (auto bytes = store_bytes + 1000; bytes < whole_bytes; bytes += 5000) {
        const rlimit limit{.rlim_cur = bytes, .rlim_max = old_limit.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
        const auto made = back_up(Overwrite::Yes);
        ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
        ASSERT_FALSE(made);
        EXPECT_NE(made.error().text.find("File too large"), std::string::npos) << made.error().text;
        ASSERT_EQ(content_of(file_), before);
        ASSERT_EQ(names_in(temp_.path()), (std::set<std::string>{"data", "backup.tar"}));
        ASSERT_FALSE(fs::exists(data_ + "/control.db.copy"));
    }
    std::signal(SIGXFSZ, old_handler);
}

TEST_F(BackupTest, ThatIsCutOffAnywhereIsRefused) {
    ASSERT_TRUE(back_up());
    const std::string whole = content_of(file_);
    // Two empty blocks end the archive; they say nothing.
    for (std::size_t bytes = 0; bytes < whole.size() - 1536; bytes += 1009) {
        set_content(std::string_view(whole).substr(0, bytes));
        const std::string text = refusal();
        EXPECT_TRUE(text.find("cut off") != std::string::npos ||
                    text.find("not a backup") != std::string::npos)
            << bytes << ": " << text;
    }
    EXPECT_EQ(names_in(temp_.path()), (std::set<std::string>{"data", "backup.tar"}));
}

TEST_F(BackupTest, WithAnyChangedBlockIsRefused) {
    ASSERT_TRUE(back_up());
    const std::string whole = content_of(file_);
    // The first byte of a block is never what fills the last block of a file; the manifest is text,
    // of which its braces are looked at here.
    for (std::size_t at = 0; at < whole.size() - 1024; at += 512) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        set_content(changed);
        const bool is_text = at + 2048 >= whole.size() && whole[at] != '{' && whole[at] != 'm';
        EXPECT_TRUE(is_text || !refusal().empty()) << at;
        fs::remove_all(temp_.file("new"));
    }
}

TEST_F(BackupTest, OfANewerFormatNamesTheVersionThatMadeIt) {
    ASSERT_TRUE(back_up());
    std::string content = content_of(file_);
    const std::string old = "{\"format\":1,\"version\":\"";
    const auto at = content.find(old);
    ASSERT_NE(at, std::string::npos);
    content[at + old.find('1')] = '2';
    set_content(content);
    EXPECT_NE(refusal().find("made by kith 0."), std::string::npos);
}

TEST_F(BackupTest, IsNotRestoredOverANodeUnlessToldTo) {
    ASSERT_TRUE(back_up());
    ASSERT_TRUE(write_private_file(data_ + "/node.key", "newer"));
    const auto refused = restore(data_);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("--force"), std::string::npos);
    EXPECT_EQ(content_of(data_ + "/node.key"), "newer");
    const auto restored = restore(data_, Overwrite::Yes);
    ASSERT_TRUE(restored) << restored.error().text;
    EXPECT_EQ(content_of(data_ + "/node.key"), "secret");
    EXPECT_EQ(names_in(temp_.path()), (std::set<std::string>{"data", "backup.tar"}));
}

TEST_F(BackupTest, IsNeverRestoredOverARunningNodeOrForeignFiles) {
    ASSERT_TRUE(back_up());
    {
        auto running = NodeDirectory::open(data_);
        ASSERT_TRUE(running);
        ASSERT_TRUE(running->lock());
        const auto refused = restore(data_, Overwrite::Yes);
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().text.find(std::to_string(::getpid())), std::string::npos);
    }
    ASSERT_TRUE(write_private_file(data_ + "/thesis.txt", "years of work"));
    const auto refused = restore(data_, Overwrite::Yes);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("thesis.txt"), std::string::npos);
    EXPECT_EQ(content_of(data_ + "/thesis.txt"), "years of work");
}

TEST_F(BackupTest, IsNotRestoredOverAMountPointAndSaysSo) {
    ASSERT_TRUE(back_up());
    const auto refused = restore("/proc", Overwrite::Yes);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("/proc is a mount point"), std::string::npos)
        << refused.error().text;
}

TEST_F(BackupTest, IntoAnEmptyDirectoryNeedsNoForce) {
    ASSERT_TRUE(back_up());
    fs::create_directory(temp_.file("empty"));
    const auto restored = restore(temp_.file("empty"));
    ASSERT_TRUE(restored) << restored.error().text;
    EXPECT_EQ(content_of(temp_.file("empty/node.key")), "secret");
}

class QuietListener final : public storage::CommitListener {
    void on_committed(ShardId, storage::CommitTicket) override {}
    void on_store_state(storage::StoreState, const Error&) override {}
    void on_queue_read(ShardId, storage::QueuePart) override {}
};

class BackupServiceTest : public BackupTest {
  protected:
    void start() {
        auto opened = NodeDirectory::open(data_);
        ASSERT_TRUE(opened);
        directory_.emplace(std::move(*opened));
        ASSERT_TRUE(directory_->lock());
        auto store = storage::open_message_store({.path = directory_->file("messages.db")});
        ASSERT_TRUE(store);
        ASSERT_EQ(storage::testing::to_text(**store), "");
        journal_ = storage::make_writer_journal(std::move(*store), 1, listener_, log_);
        auto started = BackupService::start(*directory_, *journal_, log_);
        ASSERT_TRUE(started) << started.error().text;
        service_ = std::move(*started);
    }

    std::optional<NodeDirectory> directory_;
    Log log_;
    QuietListener listener_;
    std::unique_ptr<storage::Journal> journal_;
    std::unique_ptr<BackupService> service_;
};

TEST_F(BackupServiceTest, GivesACopyThatGoesWithItsAsker) {
    start();
    const std::string copy = directory_->file(kMessagesCopy);
    {
        auto client = BackupClient::connect(*directory_);
        ASSERT_TRUE(client) << client.error().text;
        const auto copied = client->wait_for_copy([](const auto&) {});
        ASSERT_TRUE(copied) << copied.error().text;
        EXPECT_TRUE(fs::exists(copy));
    }
    service_.reset();
    EXPECT_FALSE(fs::exists(copy));
    EXPECT_FALSE(fs::exists(directory_->file(kBackupSocket)));
}

TEST_F(BackupServiceTest, EndsWhileAnAskerHoldsItsCopy) {
    start();
    auto client = BackupClient::connect(*directory_);
    ASSERT_TRUE(client);
    ASSERT_TRUE(client->wait_for_copy([](const auto&) {}));
    service_.reset();
    EXPECT_FALSE(client->wait_for_copy([](const auto&) {}));
    EXPECT_FALSE(BackupClient::connect(*directory_));
}

TEST_F(BackupServiceTest, BreaksACopyOffWhoseAskerHasGone) {
    start();
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(BackupClient::connect(*directory_));  // and gone again
    }
    const auto made = back_up();
    ASSERT_TRUE(made) << made.error().text;
}

TEST_F(BackupServiceTest, StartsOverWhatAKilledNodeLeft) {
    ASSERT_TRUE(write_private_file(data_ + "/backup.sock", ""));
    ASSERT_TRUE(write_private_file(data_ + "/messages.db.copy", "half"));
    start();
    EXPECT_FALSE(fs::exists(directory_->file(kMessagesCopy)));
    const auto made = back_up();
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace kith::node
