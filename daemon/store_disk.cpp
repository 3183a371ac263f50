#include "daemon/store_disk.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_image_bytes = 8 << 20;

std::string both(const std::string& first, const std::string& second) {
  return first + (first.empty() || second.empty() ? "" : "; ") + second;
}

}  // namespace

void StoreStateBox::disk(bool used, std::string trouble) {
  auto next = read();
  next.mode = used ? StoreState::Mode::disk : StoreState::Mode::memory;
  next.trouble = std::move(trouble);
  state_.store(std::make_shared<const StoreState>(std::move(next)));
}

void StoreStateBox::commit(bool kept) {
  auto next = read();
  ++(kept ? next.commits : next.failures);
  if (kept) next.last_commit_at = std::chrono::system_clock::now();
  state_.store(std::make_shared<const StoreState>(std::move(next)));
}

StoreDisk::StoreDisk(std::string folder, std::chrono::milliseconds retry, asio::any_io_executor thread,
                     std::shared_ptr<StoreStateBox> state)
    : folder_{std::move(folder)}, retry_{retry}, state_{std::move(state)}, again_{std::move(thread)} {}

void StoreDisk::open() {
  std::string trouble;
  file_ = StoreFile::open(folder_, trouble);
  has_read_ = file_ != nullptr;
  if (file_) rows_ = file_->rows(trouble);
  for (const auto& row : rows_) remember(row);
  state_->disk(file_ != nullptr, trouble);
}

void StoreDisk::begin() {
  if (!file_) try_later();
}

bool StoreDisk::write(const std::vector<StoredRow>& rows) {
  for (const auto& row : rows) remember(row);
  bool kept = false;
  if (file_) {
    const auto written = file_->write(rows);
    kept = written.error.empty();
    if (!kept) {
      file_.reset();
      const auto trouble = "the state file cannot be written: " + written.error;
      suspect_ = !written.full;
      if (suspect_) kept = start_over(trouble);
      if (written.full) later(trouble);
    }
  }
  state_->commit(kept);
  return kept;
}

void StoreDisk::remember(const StoredRow& row) {
  auto& slot = image_[{row.table, row.key}];
  bytes_ -= slot.size();
  if (!row.body) {
    image_.erase({row.table, row.key});
    return;
  }
  bytes_ += row.body->size();
  slot = *row.body;
  // Incidents of the past are what can be spared.
  for (auto old = image_.lower_bound({Table::incident, ""});
       bytes_ > most_image_bytes && old != image_.end() && old->first.first == Table::incident;) {
    bytes_ -= old->second.size();
    old = image_.erase(old);
  }
}

/// A file with everything that we know. `before` is what went wrong with the one before it: after a failed
/// write nobody knows what the kernel still has of that, so it is not written to again. Where there can be no
/// new one, it stays for the next start: what was reported as kept is in it.
bool StoreDisk::start_over(const std::string& before) {
  const auto aside = suspect_ ? StoreFile::set_aside(folder_) : "";
  std::string trouble;
  auto file = open_again(trouble);
  if (file) {
    const auto written = file->write(image_for(*file, trouble));
    if (written.error.empty()) {
      file_ = std::move(file);
      has_read_ = true;
      suspect_ = false;
      if (!aside.empty()) trouble = both("it was set aside as " + aside, trouble);
      state_->disk(true, both(before, trouble));
      return true;
    }
    trouble = "the state file cannot be written: " + written.error;
    file.reset();
  }
  if (!aside.empty()) StoreFile::put_back(folder_, aside);
  later(trouble);
  return false;
}

/// What was in a file that nobody could read at the start is of another time, and is not for us to erase.
std::unique_ptr<StoreFile> StoreDisk::open_again(std::string& trouble) {
  auto file = StoreFile::open(folder_, trouble);
  std::string ignored;
  if (has_read_ || !file || file->rows(ignored).empty()) return file;
  file.reset();
  const auto aside = StoreFile::set_aside(folder_);
  file = StoreFile::open(folder_, trouble);
  if (file && !aside.empty()) trouble = "the state of before the start came too late and is in " + aside;
  return file;
}

std::vector<StoredRow> StoreDisk::image_for(StoreFile& file, std::string& trouble) const {
  std::vector<StoredRow> rows;
  // What the file holds and we do not is of before a change that it has missed.
  for (auto& row : file.rows(trouble))
    if (!image_.contains({row.table, row.key})) rows.push_back({row.table, row.key, std::nullopt});
  for (const auto& [key, body] : image_) rows.push_back({key.first, key.second, body});
  return rows;
}

void StoreDisk::later(const std::string& trouble) {
  state_->disk(false, trouble);
  try_later();
}

void StoreDisk::try_later() {
  again_.expires_after(retry_);
  again_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto disk = self.lock();
    if (!error && disk && !disk->file_) disk->start_over("");
  });
}

}  // namespace healthd
