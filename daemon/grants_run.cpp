#include "daemon/grants_run.hpp"

#include <algorithm>

#include "daemon/grants_text.hpp"

namespace healthd {
namespace {

/// The server ran what it was asked, so the rights sufficed; the answer was bad news. All else is not known
/// to be so.
bool was_answered(Reason reason) {
  static constexpr Reason answers[] = {
      Reason::no_reply,  Reason::not_consuming, Reason::noreplicas, Reason::saturated,
      Reason::duplicate, Reason::slow,          Reason::stale,      Reason::role_changed,
  };
  return std::ranges::find(answers, reason) != std::end(answers);
}

std::string words_of(const std::string& what, Reason reason, const std::string& detail) {
  const auto words = detail.empty() ? std::string{to_string(reason)} : in_comment(detail);
  return what + ": " + words;
}

/// Without a login nothing else can be asked, and what was not asked may say so with the reason of the login.
bool follows_refused_login(const ProbeResult& result, const CheckResult& check) {
  const auto first = std::ranges::find(result.checks, Reason::auth, &CheckResult::reason);
  return first != result.checks.end() && &*first < &check;
}

void compare_check(const ProbeResult& result, const CheckResult& check, Findings& findings) {
  const bool open = check.status == Status::unknown && !result.waiting;
  if (check.reason == Reason::none && !open) return;
  const bool refused = check.reason == Reason::auth || check.reason == Reason::permission;
  const bool is_missing = refused && !follows_refused_login(result, check);
  auto& list = is_missing ? findings.missing : was_answered(check.reason) ? findings.notes : findings.unknown;
  list.push_back(words_of("check " + check.name, check.reason, check.detail));
}

}  // namespace

void compare_run(const ProbeResult& result, Findings& findings) {
  for (const auto& check : result.checks) compare_check(result, check, findings);
  const bool said = !findings.exact() || !findings.notes.empty();
  if (result.checks.empty() || (result.reason != Reason::none && !said))
    findings.unknown.push_back(words_of("the run", result.reason, result.detail));
}

}  // namespace healthd
