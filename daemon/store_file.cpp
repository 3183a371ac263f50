#include "daemon/store_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>

#include "daemon/failpoint.hpp"
#include "exporters/alert.hpp"

namespace healthd {
namespace {

namespace fs = std::filesystem;

constexpr std::array tables{"alert", "delivery", "incident", "lever"};
constexpr int application_id = 0x48544c44;  // "HTLD"
constexpr int schema = 1;
constexpr int checkpoint_pages = 200;
constexpr off_t ballast_bytes = 1 << 20;
constexpr std::size_t kept_bad_files = 3;
constexpr std::chrono::milliseconds lock_patience{500};

// The cache, in KiB, may be small: rows are found by their keys, and the kernel keeps the file's pages too.
constexpr const char* settings[] = {
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA mmap_size=0",
    "PRAGMA journal_size_limit=4194304",
    "PRAGMA max_page_count=8192",  // of 4 KiB
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA cache_size=-256",
};

std::string path_of(const std::string& folder) { return folder + "/state.db"; }
std::string ballast_of(const std::string& folder) { return folder + "/ballast"; }

std::string hash_of(Table table, const std::string& key, const std::string& body) {
  return fingerprint({{"table", tables[static_cast<std::size_t>(table)]}, {"key", key}, {"body", body}});
}

/// To the millisecond, so that no two are the same; sorts by age.
std::string utc_stamp() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = millis / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::string time{text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%S", &parts)};
  const auto fraction = std::to_string(1000 + millis % 1000);
  return time + "." + fraction.substr(1) + "Z";
}

/// What this returns is what COMMIT returns. A checkpoint that failed must not be passed over: the next one
/// would find the kernel's pages clean, believe that they are on the disk and give up the log.
int on_wal(void*, sqlite3* database, const char* name, int pages) {
  if (pages < checkpoint_pages) return SQLITE_OK;
  failpoint("mid_checkpoint");
  return sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

class Statement {
 public:
  Statement(sqlite3* database, const std::string& sql) {
    sqlite3_prepare_v2(database, sql.c_str(), static_cast<int>(sql.size()), &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int at, const std::string& text) {
    sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  int step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }
  std::string text(int at) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, at));
    const int size = sqlite3_column_bytes(statement_, at);
    return bytes == nullptr ? "" : std::string{bytes, static_cast<std::size_t>(size)};
  }
  int number(int at) { return sqlite3_column_int(statement_, at); }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

/// nullopt where it cannot be read.
std::optional<int> pragma_number(sqlite3* database, const char* sql) {
  Statement statement{database, sql};
  if (statement.step() != SQLITE_ROW) return std::nullopt;
  return statement.number(0);
}

/// What an error at the opening says about the file.
enum class Obstacle : std::uint8_t { in_use, refused, spoilt };

struct Meaning {
  int code;
  Obstacle obstacle;
};
constexpr Meaning meanings[] = {
    {SQLITE_BUSY, Obstacle::in_use},      {SQLITE_LOCKED, Obstacle::in_use},
    {SQLITE_READONLY, Obstacle::refused}, {SQLITE_CANTOPEN, Obstacle::refused},
    {SQLITE_FULL, Obstacle::refused},     {SQLITE_PERM, Obstacle::refused},
    {SQLITE_IOERR, Obstacle::refused},    {SQLITE_NOMEM, Obstacle::refused},
};

Obstacle obstacle_of(int code) {
  const auto* const found = std::ranges::find(meanings, code, &Meaning::code);
  return found == std::end(meanings) ? Obstacle::spoilt : found->obstacle;
}

/// SQLite refuses a path with a link in it, and /var/lib may be one, or the folder itself.
std::string without_links(const std::string& folder) {
  std::error_code error;
  const auto resolved = fs::canonical(folder, error);
  return error ? folder : resolved.string();
}

/// For our user alone; the files beside it inherit that. Does nothing where the file is there: to close one
/// would let go of the locks on it.
void make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file >= 0) ::close(file);
}

struct Opened {
  sqlite3* database = nullptr;
  int code = SQLITE_OK;
};

Opened open_database(const std::string& folder) {
  Opened opened;
  make_private(path_of(folder));
  constexpr int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  opened.code = sqlite3_open_v2(path_of(folder).c_str(), &opened.database, flags, nullptr);
  if (opened.code != SQLITE_OK) {
    sqlite3_close(opened.database);
    opened.database = nullptr;
    return opened;
  }
  // A predecessor that was killed may need a moment to be gone.
  sqlite3_busy_timeout(opened.database, static_cast<int>(lock_patience.count()));
  return opened;
}

}  // namespace

StoreFile::StoreFile(std::string folder, sqlite3* database)
    : folder_{std::move(folder)}, database_{database} {}

StoreFile::~StoreFile() { sqlite3_close(database_); }

std::string StoreFile::set_aside(const std::string& folder) {
  std::error_code ignored;
  const auto aside = path_of(folder) + ".bad-" + utc_stamp();
  std::error_code error;
  fs::rename(path_of(folder), aside, error);
  if (error) return "";
  fs::rename(path_of(folder) + "-wal", aside + "-wal", ignored);
  std::vector<std::string> bad;
  for (const auto& entry : fs::directory_iterator{folder, ignored}) {
    const auto name = entry.path().string();
    if (name.find("state.db.bad-") != name.npos && !name.ends_with("-wal")) bad.push_back(name);
  }
  std::ranges::sort(bad, std::greater{});
  for (std::size_t i = kept_bad_files; i < bad.size(); ++i) {
    fs::remove(bad[i], ignored);
    fs::remove(bad[i] + "-wal", ignored);
  }
  return aside;
}

void StoreFile::put_back(const std::string& folder, const std::string& aside) {
  std::error_code ignored;
  fs::remove(path_of(folder) + "-wal", ignored);
  fs::rename(aside, path_of(folder), ignored);
  fs::rename(aside + "-wal", path_of(folder) + "-wal", ignored);
}

std::string StoreFile::error() {
  code_ = sqlite3_errcode(database_);
  return sqlite3_errmsg(database_);
}

bool StoreFile::run(const char* sql) {
  return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::unique_ptr<StoreFile> StoreFile::open(const std::string& wanted, std::string& trouble) {
  const auto folder = without_links(wanted);
  const auto path = path_of(folder);
  for (int attempt = 0; attempt < 2; ++attempt) {  // an error may pass, and a bad file be set aside
    const auto opened = open_database(folder);
    if (opened.database == nullptr) {
      trouble = path + " cannot be opened: " + sqlite3_errstr(opened.code) +
                "; the folder has to exist and to be writable by the user of this process";
      continue;
    }
    std::unique_ptr<StoreFile> file{new StoreFile{folder, opened.database}};
    const auto why = file->prepare();
    if (why.empty()) return file;
    switch (obstacle_of(file->code_)) {
      case Obstacle::in_use:
        trouble = path + " is in use by another process; give each daemon its own --storage.path";
        return nullptr;
      case Obstacle::refused:
        trouble = path + " cannot be used: " + why;
        continue;
      case Obstacle::spoilt:
        break;
    }
    file.reset();
    const auto aside = set_aside(folder);
    trouble = "the state file could not be read (" + why + ") and " +
              (aside.empty() ? "cannot be set aside: move " + path + " away" : "was set aside as " + aside);
  }
  return nullptr;
}

/// Makes the open file ready for use; otherwise why it is not, with `code_`.
std::string StoreFile::prepare() {
  const bool locked = std::ranges::all_of(settings, [this](const char* each) { return run(each); }) &&
                      run("BEGIN IMMEDIATE; COMMIT");
  auto why = locked ? judge() : error();
  if (!why.empty()) return why;
  sqlite3_wal_hook(database_, on_wal, nullptr);
  keep_ballast();
  return "";
}

/// Whether the file is ours, of a version that we know, and whole. A new one is made so.
std::string StoreFile::judge() {
  const auto id = pragma_number(database_, "PRAGMA application_id");
  const auto version = pragma_number(database_, "PRAGMA user_version");
  const auto objects = pragma_number(database_, "SELECT count(*) FROM sqlite_schema");
  if (!id || !version || !objects) return error();
  if (*id == 0 && *version == 0 && *objects == 0) return make_tables() ? "" : error();
  code_ = SQLITE_NOTADB;
  if (*id != application_id) return "it belongs to another program";
  if (*version != schema) return "it is of version " + std::to_string(*version) + " and we know 1";
  Statement check{database_, "PRAGMA quick_check(1)"};
  if (check.step() != SQLITE_ROW) return error();
  const auto finding = check.text(0);
  return finding == "ok" ? "" : finding;
}

bool StoreFile::make_tables() {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const auto* table : tables)
    sql += std::string{"CREATE TABLE "} + table +
           "(key TEXT PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;";
  sql += "PRAGMA application_id=" + std::to_string(application_id) + ";";
  sql += "PRAGMA user_version=" + std::to_string(schema) + ";COMMIT";
  return run(sql.c_str());
}

std::vector<StoredRow> StoreFile::rows(std::string& trouble) {
  std::vector<StoredRow> all, gone;
  std::size_t spoilt = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const auto table = static_cast<Table>(i);
    Statement statement{database_, std::string{"SELECT key, body, hash FROM "} + tables[i]};
    int code = statement.step();
    for (; code == SQLITE_ROW; code = statement.step()) {
      StoredRow row{table, statement.text(0), statement.text(1)};
      if (statement.text(2) != hash_of(table, row.key, *row.body)) {
        ++spoilt;
        gone.push_back({table, row.key, std::nullopt});
        continue;
      }
      all.push_back(std::move(row));
    }
    if (code != SQLITE_DONE) ++spoilt;
  }
  if (!gone.empty()) write(gone);  // else each start would find them again
  if (spoilt > 0) {
    if (!trouble.empty()) trouble += "; ";
    trouble += std::to_string(spoilt) + " rows of the state file were spoilt and are left out";
  }
  return all;
}

bool StoreFile::put(const StoredRow& row) {
  const std::string name = tables[static_cast<std::size_t>(row.table)];
  if (!row.body) {
    Statement erase{database_, "DELETE FROM " + name + " WHERE key=?1"};
    return erase.bind(1, row.key).step() == SQLITE_DONE;
  }
  Statement insert{database_, "INSERT OR REPLACE INTO " + name + "(key, body, hash) VALUES(?1, ?2, ?3)"};
  insert.bind(1, row.key).bind(2, *row.body).bind(3, hash_of(row.table, row.key, *row.body));
  return insert.step() == SQLITE_DONE;
}

StoreFile::Written StoreFile::write(const std::vector<StoredRow>& rows) {
  const auto attempt = [&] {
    return run("BEGIN IMMEDIATE") &&
           std::ranges::all_of(rows, [&](const StoredRow& row) { return put(row); });
  };
  failpoint("before_commit");
  bool written = attempt() && run("COMMIT");
  if (!written && sqlite3_errcode(database_) == SQLITE_FULL) {
    run("ROLLBACK");
    drop_ballast();
    written = attempt() && run("COMMIT");
  }
  if (!written) {
    Written failed{error(), code_ == SQLITE_FULL};
    run("ROLLBACK");
    return failed;
  }
  failpoint("after_commit");
  if (!has_ballast_) keep_ballast();
  return {};
}

/// A megabyte to give away when the disk is full.
void StoreFile::keep_ballast() {
  const int file = ::open(ballast_of(folder_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return;
  has_ballast_ = ::posix_fallocate(file, 0, ballast_bytes) == 0;
  if (!has_ballast_) ::unlink(ballast_of(folder_).c_str());
  ::close(file);
}

void StoreFile::drop_ballast() {
  ::unlink(ballast_of(folder_).c_str());
  has_ballast_ = false;
}

}  // namespace healthd
