// What the command line may say over the configuration file.
#pragma once

#include <string>

#include "daemon/log.hpp"

namespace healthd {

struct Settings {
  std::string config_file = "/etc/superset-healthd/config.yaml";
  bool config_strict = false;   ///< a wrong file ends the start, whatever was in use before
  std::string listen_address;   ///< "" : the configuration's
  std::string external_url;     ///< "" : the configuration's
  std::string web_config_file;  ///< "": pages for everybody, without TLS
  std::string storage_path = "/var/lib/superset-healthd";
  std::string control_socket = "/run/superset-healthd/control.sock";
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
};

}  // namespace healthd
