// The state file itself: SQLite, one connection, every call blocks. Belongs to the store's thread.
//
// WAL with synchronous=FULL, so that what was committed survives a power cut; the lock is held as long as we
// live, so that no second connection can come between; a hash in every row, because SQLite notices no flipped
// bit inside a value.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store.hpp"

struct sqlite3;

namespace healthd {

class StoreFile {
 public:
  /// nullptr where there can be none; then `trouble` says why, with the fix. It may say something also where
  /// a file was opened: what had to be set aside or left out.
  static std::unique_ptr<StoreFile> open(const std::string& folder, std::string& trouble);
  ~StoreFile();
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;

  std::vector<StoredRow> rows(std::string& trouble);

  struct Written {
    std::string error;  ///< "" when it is on the disk
    bool full = false;  ///< there is no room; the file itself is as good as before
  };
  /// One transaction.
  Written write(const std::vector<StoredRow>& rows);

  /// Sets the file in `folder` aside, to be looked at by people, and throws older ones of the kind away. Its
  /// new name, or "" where it cannot be moved. Nobody may have it open.
  static std::string set_aside(const std::string& folder);
  /// Undoes set_aside(), over whatever is in its place now.
  static void put_back(const std::string& folder, const std::string& aside);

 private:
  StoreFile(std::string folder, sqlite3* database);
  bool run(const char* sql);
  std::string prepare();
  std::string judge();
  bool make_tables();
  bool put(const StoredRow& row);
  std::string error();
  void keep_ballast();
  void drop_ballast();

  std::string folder_;
  sqlite3* database_;
  int code_ = 0;  ///< of SQLite, with the last error()
  bool has_ballast_ = false;
};

}  // namespace healthd
