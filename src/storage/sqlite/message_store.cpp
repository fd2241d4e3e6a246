// The message store over SQLite: the rules of the store, on top of rows.
//
// Changes of messages put in the same group are first collected in memory (FreshMessages), all
// others go to SQLite at once, inside one transaction that begins with the first of them.
#include <algorithm>
#include <optional>
#include <string>

#include <sqlite3.h>

#include "base/check.h"
#include "base/narrow.h"
#include "storage/sqlite/detail/delivery_counts.h"
#include "storage/sqlite/detail/file_copy.h"
#include "storage/sqlite/detail/fresh_messages.h"
#include "storage/sqlite/detail/limits.h"
#include "storage/sqlite/detail/message_recovery.h"
#include "storage/sqlite/detail/message_tables.h"
#include "storage/sqlite/detail/schema.h"
#include "storage/sqlite/sqlite_stores.h"

namespace kith::storage {
namespace {

using detail::Database;
using detail::Found;
using detail::FreshDelivery;
using detail::FreshMessage;

// Room for the last page of a thousand queues, so that a message to all of them does not read and
// write each again. Payloads are not overwritten when deleted, which would write every page twice;
// the file is its owner's alone. Checkpoints are this store's own
// business.
constexpr const char* kPragmas =
    "PRAGMA cache_size = -8192;"
    "PRAGMA secure_delete = OFF;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA journal_size_limit = 8388608;"
    "PRAGMA temp_store = MEMORY";

/// The highest id of a kind, and a mark on disk that is never below it. The mark is moved in large
/// steps, so that almost no transaction writes it.
template <typename Id>
struct HighId {
    Id last;
    std::uint64_t mark = 0;
    std::uint64_t mark_before = 0;  // this transaction

    void keep() { mark_before = mark; }
    void undo() { mark = mark_before; }
};

class SqliteMessageStore final : public MessageStore, private BatchVisitor {
  public:
    SqliteMessageStore(Database database, detail::MessageTables tables,
                       const SqliteOptions& options)
        : database_(std::move(database)),
          tables_(std::move(tables)),
          vfs_(options.vfs),
          log_pages_max_(options.log_pages_max) {}

    /// Once, when the store has its final place.
    void watch_log();

    Status recover(RecoveryVisitor& visitor) override;
    Status commit(std::span<const WriteBatch* const> batches) override;
    Result<std::uint64_t> read_queue(const QueueRead& read, QueueVisitor& visitor) override {
        CHECK(recovered_);
        return tables_.read_queue(read, visitor);
    }
    Status tidy() override;
    Status begin_copy(const std::string& path) override;
    Result<CopyProgress> step_copy(std::size_t bytes_max) override;
    void end_copy() override { copy_.reset(); }
    MessageId last_message_id() const override {
        CHECK(recovered_);
        return messages_.last;
    }
    SessionId last_session_id() const override {
        CHECK(recovered_);
        return sessions_.last;
    }
    std::uint64_t message_count() const override { return message_count_; }

  private:
    void put_session(const SessionRecord& session) override;
    void delete_session(SessionId session) override;
    void put_subscription(const SubscriptionRecord& subscription) override;
    void delete_subscription(SessionId session, std::string_view filter) override;
    void put_message(const MessageRecord& message) override;
    void put_delivery(const DeliveryRecord& delivery) override;
    void set_delivery(const DeliveryKey& key, DeliveryState state) override;
    void delete_delivery(const DeliveryKey& key) override;
    void put_inbound(SessionId session, PacketId packet_id) override;
    void delete_inbound(SessionId session, PacketId packet_id) override;
    void put_retained(const RetainedRecord& retained) override;
    void delete_retained(TenantId tenant, std::string_view topic) override;
    void put_mark(const MarkRecord& mark) override;
    void delete_mark(Bytes key) override;

    /// Runs a change in the transaction, unless an earlier one has failed.
    template <typename Change>
    void write(Change change);
    [[nodiscard]] Status apply(std::span<const WriteBatch* const> batches);
    [[nodiscard]] Status write_fresh();
    [[nodiscard]] Status put_stored_delivery(const DeliveryRecord& delivery);
    [[nodiscard]] Status drop_live_delivery(MessageId message);
    [[nodiscard]] Status delete_stored_rows_of(SessionId session);
    [[nodiscard]] Status checkpoint();
    template <typename Id>
    [[nodiscard]] Status load_id_mark(std::string_view kind, HighId<Id>& high);
    template <typename Id>
    void note_id(std::string_view kind, HighId<Id>& high, Id id);
    void undo();

    Database database_;
    detail::MessageTables tables_;
    std::optional<detail::FileCopy> copy_;
    detail::FreshMessages fresh_;
    detail::DeliveryCounts counts_;
    HighId<MessageId> messages_;
    HighId<SessionId> sessions_;
    std::uint64_t message_count_ = 0;
    std::uint64_t message_count_before_ = 0;  // this transaction
    std::vector<MessageId> dropped_;          // scratch of delete_session
    Status status_;                           // of the transaction so far
    const std::string vfs_;
    const std::uint32_t log_pages_max_;
    std::uint32_t log_page_count_ = 0;
    bool id_marks_loaded_ = false;
    bool recovered_ = false;
};

void SqliteMessageStore::watch_log() {
    const auto on_commit = [](void* count, sqlite3*, const char*, int page_count) {
        *static_cast<std::uint32_t*>(count) = narrow<std::uint32_t>(page_count);
        return SQLITE_OK;
    };
    sqlite3_wal_hook(database_.handle(), on_commit, &log_page_count_);
}

Status SqliteMessageStore::recover(RecoveryVisitor& visitor) {
    recovered_ = false;
    if (!id_marks_loaded_) {
        TRY(load_id_mark("message", messages_));
        TRY(load_id_mark("session", sessions_));
        id_marks_loaded_ = true;
    }
    detail::MessageRecovery recovery(database_, tables_, counts_);
    TRY(recovery.run(visitor));
    message_count_ = message_count_before_ = recovery.message_count();
    recovered_ = true;
    return {};
}

Status SqliteMessageStore::commit(std::span<const WriteBatch* const> batches) {
    CHECK(recovered_);
    // A log that cannot be emptied must not fill the disk: better to refuse here, and be tried
    // again.
    if (log_page_count_ / detail::kLogOverrunMax >= log_pages_max_) {
        TRY(checkpoint());
    }
    Status status = apply(batches);
    if (status && database_.in_transaction()) {
        status = tables_.commit();
    }
    fresh_.clear();
    if (!status) {
        undo();
        return status;
    }
    counts_.keep_changes();
    message_count_before_ = message_count_;
    messages_.keep();
    sessions_.keep();
    return {};
}

Status SqliteMessageStore::apply(std::span<const WriteBatch* const> batches) {
    status_ = {};
    for (const WriteBatch* batch : batches) {
        fresh_.begin_batch();
        batch->visit(*this);
    }
    TRY(status_);
    return write_fresh();
}

void SqliteMessageStore::undo() {
    if (database_.in_transaction()) {
        // It can only fail if SQLite has rolled back by itself.
        (void)database_.execute("ROLLBACK");
    }
    counts_.undo_changes();
    message_count_ = message_count_before_;
    messages_.undo();
    sessions_.undo();
}

template <typename Change>
void SqliteMessageStore::write(Change change) {
    if (status_ && !database_.in_transaction()) {
        status_ = tables_.begin();
    }
    if (status_) {
        status_ = change();
    }
}

Status SqliteMessageStore::write_fresh() {
    for (const FreshMessage& message : fresh_.messages()) {
        if (message.live_count > 0) {
            write([&] { return tables_.put_message(message.record); });
            counts_.set(message.record.id, message.live_count);
            ++message_count_;
        }
    }
    for (const FreshDelivery& delivery : fresh_.deliveries()) {
        if (!delivery.deleted) {
            write([&] { return tables_.put_delivery(delivery.record); });
        }
    }
    return status_;
}

Status SqliteMessageStore::tidy() {
    if (log_page_count_ < log_pages_max_) {
        return {};
    }
    return checkpoint();
}

Status SqliteMessageStore::begin_copy(const std::string& path) {
    copy_.reset();
    TRY_ASSIGN(detail::FileCopy begun,
               detail::FileCopy::begin(database_, {.path = path, .vfs = vfs_}));
    copy_.emplace(std::move(begun));
    return {};
}

Result<CopyProgress> SqliteMessageStore::step_copy(std::size_t bytes_max) {
    if (!copy_) {
        return fail(ErrorKind::Closed, "no copy is under way");
    }
    Result<CopyProgress> progress = copy_->step(bytes_max);
    if (!progress || progress->is_done) {
        copy_.reset();
    }
    return progress;
}

Status SqliteMessageStore::checkpoint() {
    int frame_count = 0;
    int done_count = 0;
    const int code = sqlite3_wal_checkpoint_v2(
        database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frame_count, &done_count);
    if (code != SQLITE_OK) {
        return tl::unexpected(database_.error(code));
    }
    // All is in the database now, so the next commit starts the log anew.
    CHECK(frame_count == done_count);
    log_page_count_ = 0;
    return {};
}

template <typename Id>
Status SqliteMessageStore::load_id_mark(std::string_view kind, HighId<Id>& high) {
    TRY_ASSIGN(high.mark, tables_.id_mark(kind));
    high.keep();
    high.last = std::max(high.last, Id(high.mark));
    return {};
}

template <typename Id>
void SqliteMessageStore::note_id(std::string_view kind, HighId<Id>& high, Id id) {
    high.last = std::max(high.last, id);
    if (id.value() > high.mark) {
        high.mark = id.value() + detail::kIdMarkStep;
        write([&] { return tables_.put_id_mark(kind, high.mark); });
    }
}

void SqliteMessageStore::put_session(const SessionRecord& session) {
    note_id("session", sessions_, session.id);
    write([&] { return tables_.put_session(session); });
}

void SqliteMessageStore::delete_session(SessionId session) {
    fresh_.delete_session(session);
    write([&] { return delete_stored_rows_of(session); });
    write([&] { return tables_.delete_session(session); });
}

Status SqliteMessageStore::delete_stored_rows_of(SessionId session) {
    dropped_.clear();
    TRY(tables_.list_live_messages(session, dropped_));
    for (const MessageId message : dropped_) {
        TRY(drop_live_delivery(message));
    }
    return tables_.delete_rows_of(session);
}

void SqliteMessageStore::put_subscription(const SubscriptionRecord& subscription) {
    write([&] { return tables_.put_subscription(subscription); });
}

void SqliteMessageStore::delete_subscription(SessionId session, std::string_view filter) {
    write([&] { return tables_.delete_subscription(session, filter); });
}

void SqliteMessageStore::put_message(const MessageRecord& message) {
    note_id("message", messages_, message.id);
    fresh_.put_message(message);
}

void SqliteMessageStore::put_delivery(const DeliveryRecord& delivery) {
    if (fresh_.holds(delivery.message)) {
        fresh_.put_delivery(delivery);
    } else {
        write([&] { return put_stored_delivery(delivery); });
    }
}

/// A delivery that comes later than its message: handed over from another session, or put again.
Status SqliteMessageStore::put_stored_delivery(const DeliveryRecord& delivery) {
    const bool live = delivery.state != DeliveryState::Released;
    if (live) {
        TRY_ASSIGN(const Found message, tables_.find_message(delivery.message));
        if (message == Found::No) {
            return {};
        }
    }
    TRY_ASSIGN(const Found old, tables_.find_live_delivery(delivery.key()));
    TRY(tables_.put_delivery(delivery));
    if (live && old == Found::No) {
        counts_.add_one(delivery.message);
    } else if (!live && old == Found::Yes) {
        return drop_live_delivery(delivery.message);
    }
    return {};
}

void SqliteMessageStore::set_delivery(const DeliveryKey& key, DeliveryState state) {
    if (fresh_.holds(key.message)) {
        fresh_.set_delivery(key, state);
        return;
    }
    write([&]() -> Status {
        TRY_ASSIGN(const Found live, tables_.set_live_delivery(key, state));
        const bool is_over = live == Found::Yes && state == DeliveryState::Released;
        return is_over ? drop_live_delivery(key.message) : Status{};
    });
}

void SqliteMessageStore::delete_delivery(const DeliveryKey& key) {
    if (fresh_.holds(key.message)) {
        fresh_.delete_delivery(key);
        return;
    }
    write([&]() -> Status {
        TRY_ASSIGN(const Found live, tables_.delete_live_delivery(key));
        return live == Found::Yes ? drop_live_delivery(key.message)
                                  : tables_.delete_released_delivery(key);
    });
}

Status SqliteMessageStore::drop_live_delivery(MessageId message) {
    if (!counts_.take_one(message)) {
        return {};
    }
    --message_count_;
    return tables_.delete_message(message);
}

void SqliteMessageStore::put_inbound(SessionId session, PacketId packet_id) {
    write([&] { return tables_.put_inbound(session, packet_id); });
}

void SqliteMessageStore::delete_inbound(SessionId session, PacketId packet_id) {
    write([&] { return tables_.delete_inbound(session, packet_id); });
}

void SqliteMessageStore::put_retained(const RetainedRecord& retained) {
    write([&] { return tables_.put_retained(retained); });
}

void SqliteMessageStore::delete_retained(TenantId tenant, std::string_view topic) {
    write([&] { return tables_.delete_retained(tenant, topic); });
}

void SqliteMessageStore::put_mark(const MarkRecord& mark) {
    write([&] { return tables_.put_mark(mark); });
}

void SqliteMessageStore::delete_mark(Bytes key) {
    write([&] { return tables_.delete_mark(key); });
}

Status configure(Database& database, const SqliteOptions& options) {
    // Exclusive locking comes before the log is first used: SQLite then keeps the log's index in
    // memory, and nobody else gets in.
    TRY(database.execute("PRAGMA locking_mode = EXCLUSIVE"));
    TRY_ASSIGN(const bool is_wal, database.query_is("PRAGMA journal_mode = WAL", "wal"));
    if (!is_wal) {
        return fail(ErrorKind::Unsupported, "the file system does not allow a write-ahead log");
    }
    TRY(database.execute(options.unsafe_no_sync ? "PRAGMA synchronous = OFF"
                                                : "PRAGMA synchronous = FULL"));
    TRY(database.execute(kPragmas));
    return detail::migrate(database, detail::message_schema());
}

}  // namespace

Result<std::unique_ptr<MessageStore>> open_message_store(const SqliteOptions& options) {
    TRY_ASSIGN(Database database, Database::open(options));
    const Status configured = configure(database, options);
    if (!configured) {
        Error error = configured.error();
        if (error.kind == ErrorKind::Unavailable) {
            error.kind = ErrorKind::Conflict;  // the holder is not going to let go
        }
        return tl::unexpected(error);
    }
    TRY_ASSIGN(auto tables, detail::MessageTables::create(database));
    auto store =
        std::make_unique<SqliteMessageStore>(std::move(database), std::move(tables), options);
    store->watch_log();
    return store;
}

}  // namespace kith::storage
