// How one event looks as a line.
#pragma once

#include <chrono>

#include "daemon/log.hpp"

namespace healthd {

std::string text_line(std::chrono::system_clock::time_point at, LogLevel level, std::string_view event,
                      LogFields fields);
std::string json_line(std::chrono::system_clock::time_point at, LogLevel level, std::string_view event,
                      LogFields fields);

}  // namespace healthd
