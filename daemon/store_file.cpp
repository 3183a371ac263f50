#include "daemon/store_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>

#include "daemon/failpoint.hpp"
#include "exporters/alert.hpp"

namespace healthd {
namespace {

namespace fs = std::filesystem;

constexpr std::array tables{"engine", "alert", "delivery", "incident", "lever"};
constexpr int application_id = 0x48544c44;  // "HTLD"
constexpr int schema = 1;
constexpr int checkpoint_pages = 200;
constexpr off_t ballast_bytes = 1 << 20;
constexpr std::size_t kept_bad_files = 3;

constexpr const char* settings[] = {
    "PRAGMA locking_mode=EXCLUSIVE",     "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",           "PRAGMA mmap_size=0",
    "PRAGMA journal_size_limit=4194304", "PRAGMA max_page_count=8192",  // of 4 KiB
    "PRAGMA trusted_schema=OFF",         "PRAGMA cell_size_check=ON",
};

std::string path_of(const std::string& folder) { return folder + "/state.db"; }
std::string ballast_of(const std::string& folder) { return folder + "/ballast"; }

std::string hash_of(Table table, const std::string& key, const std::string& body) {
  return fingerprint({{"table", tables[static_cast<std::size_t>(table)]}, {"key", key}, {"body", body}});
}

std::string utc_stamp() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

int on_wal(void*, sqlite3* database, const char* name, int pages) {
  if (pages < checkpoint_pages) return SQLITE_OK;
  failpoint("mid_checkpoint");
  sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return SQLITE_OK;
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

int pragma_number(sqlite3* database, const char* sql) {
  Statement statement{database, sql};
  return statement.step() == SQLITE_ROW ? statement.number(0) : 0;
}

struct Opened {
  sqlite3* database = nullptr;
  int code = SQLITE_OK;
};

Opened open_database(const std::string& folder) {
  Opened opened;
  constexpr int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  opened.code = sqlite3_open_v2(path_of(folder).c_str(), &opened.database, flags, nullptr);
  if (opened.code != SQLITE_OK) {
    sqlite3_close(opened.database);
    opened.database = nullptr;
  }
  return opened;
}

}  // namespace

StoreFile::StoreFile(std::string folder, sqlite3* database)
    : folder_{std::move(folder)}, database_{database} {}

StoreFile::~StoreFile() { sqlite3_close(database_); }

std::string StoreFile::set_aside(const std::string& folder) {
  std::error_code ignored;
  const auto aside = path_of(folder) + ".bad-" + utc_stamp();
  fs::rename(path_of(folder), aside, ignored);
  fs::rename(path_of(folder) + "-wal", aside + "-wal", ignored);
  fs::remove(path_of(folder) + "-shm", ignored);
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

std::string StoreFile::error() const { return sqlite3_errmsg(database_); }

bool StoreFile::run(const char* sql) {
  return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::unique_ptr<StoreFile> StoreFile::open(const std::string& folder, std::string& trouble) {
  const auto before = ::umask(0077);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto opened = open_database(folder);
    if (opened.database == nullptr) {
      trouble = path_of(folder) + " cannot be opened: " + sqlite3_errstr(opened.code) +
                "; the folder has to exist and to be writable by the user of this process";
      break;
    }
    std::unique_ptr<StoreFile> file{new StoreFile{folder, opened.database}};
    const bool locked = std::ranges::all_of(settings, [&](const char* each) { return file->run(each); }) &&
                        file->run("BEGIN IMMEDIATE; COMMIT");
    const int code = sqlite3_errcode(opened.database);
    if (!locked && (code == SQLITE_BUSY || code == SQLITE_LOCKED)) {
      trouble = path_of(folder) + " is in use by another process; give each daemon its own --storage.path";
      break;
    }
    const bool refused = code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_FULL ||
                         code == SQLITE_PERM || code == SQLITE_IOERR;
    if (!locked && refused) {
      trouble = path_of(folder) + " cannot be written: " + file->error();
      break;
    }
    if (locked && file->is_sound() && file->prepare_tables()) {
      sqlite3_wal_hook(opened.database, on_wal, nullptr);
      file->keep_ballast();
      ::umask(before);
      return file;
    }
    const auto why = file->error();
    file.reset();
    const auto aside = set_aside(folder);
    trouble = "the state file could not be read (" + why + ") and was set aside as " + aside;
  }
  ::umask(before);
  return nullptr;
}

/// Ours, of a version that we know, and whole.
bool StoreFile::is_sound() {
  const int id = pragma_number(database_, "PRAGMA application_id");
  const int version = pragma_number(database_, "PRAGMA user_version");
  if (id == 0 && version == 0 && pragma_number(database_, "SELECT count(*) FROM sqlite_schema") == 0)
    return true;
  if (id != application_id || version != schema) return false;
  Statement check{database_, "PRAGMA quick_check(1)"};
  return check.step() == SQLITE_ROW && check.text(0) == "ok";
}

bool StoreFile::prepare_tables() {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const auto* table : tables)
    sql += std::string{"CREATE TABLE IF NOT EXISTS "} + table +
           "(key TEXT PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;";
  sql += "PRAGMA application_id=" + std::to_string(application_id) + ";";
  sql += "PRAGMA user_version=" + std::to_string(schema) + ";COMMIT";
  if (run(sql.c_str())) return true;
  run("ROLLBACK");
  return false;
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
    Written failed{error(), sqlite3_errcode(database_) == SQLITE_FULL};
    run("ROLLBACK");
    return failed;
  }
  failpoint("after_commit");
  return {};
}

/// A megabyte to give away when the disk is full.
void StoreFile::keep_ballast() const {
  const int file = ::open(ballast_of(folder_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (::posix_fallocate(file, 0, ballast_bytes) != 0) ::unlink(ballast_of(folder_).c_str());
  ::close(file);
}

void StoreFile::drop_ballast() const { ::unlink(ballast_of(folder_).c_str()); }

}  // namespace healthd
