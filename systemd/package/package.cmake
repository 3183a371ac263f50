# What `cmake --install` puts in place, and the Debian package. The component `debian` is in the package only: it
# would write over a site's configuration.
include(GNUInstallDirs)
set(package ${PROJECT_SOURCE_DIR}/systemd/package)
set(share ${CMAKE_INSTALL_DATADIR}/superset-healthd)
set(doc ${CMAKE_INSTALL_DATADIR}/doc/superset-healthd)

# ---- what is compressed -----------------------------------------------------------------------------------------
# Without name and time in the archive, so that the same sources make the same bytes.
function(healthd_gzip source target)
  add_custom_command(OUTPUT ${target} DEPENDS ${source}
    COMMAND sh -c "gzip -9nc \"$1\" >\"$2\"" gzip ${source} ${target} VERBATIM)
endfunction()
set(man8 ${PROJECT_BINARY_DIR}/generated/superset-healthd.8.gz)
set(man5 ${PROJECT_BINARY_DIR}/generated/superset-healthd.yaml.5.gz)
healthd_gzip(${PROJECT_SOURCE_DIR}/systemd/man/superset-healthd.8 ${man8})
healthd_gzip(${PROJECT_SOURCE_DIR}/systemd/man/superset-healthd.yaml.5 ${man5})
add_custom_target(man_pages ALL DEPENDS ${man8} ${man5})

# ---- what is installed ------------------------------------------------------------------------------------------
install(TARGETS superset-healthd)
install(FILES systemd/superset-healthd.service DESTINATION lib/systemd/system)
install(FILES systemd/superset-healthd.sysusers DESTINATION lib/sysusers.d RENAME superset-healthd.conf)
install(FILES systemd/superset-healthd.tmpfiles DESTINATION lib/tmpfiles.d RENAME superset-healthd.conf)
install(FILES ${man8} DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${man5} DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES systemd/completions/superset-healthd.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME superset-healthd)
install(FILES systemd/completions/superset-healthd.zsh
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _superset-healthd)
install(FILES ${runbooks} DESTINATION ${share}/runbooks)
install(FILES ops/prometheus/superset-healthd.rules.yml ops/prometheus/inhibit-rules.yml DESTINATION ${share}/rules)
install(DIRECTORY ops/grafana/ DESTINATION ${share}/dashboards OPTIONAL FILES_MATCHING PATTERN "*.json")
install(FILES config/superset-healthd.yaml ops/runbooks/env.sh ops/prometheus/prometheus.yml
  ops/prometheus/alertmanager.yml DESTINATION ${share}/examples)

install(DIRECTORY DESTINATION /etc/superset-healthd COMPONENT debian EXCLUDE_FROM_ALL
  DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE)
install(FILES ${package}/config.yaml DESTINATION /etc/superset-healthd COMPONENT debian EXCLUDE_FROM_ALL
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(FILES ${package}/copyright README.md DESTINATION ${doc} COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_BINARY_DIR}/package/changelog.gz DESTINATION ${doc} COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${package}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  RENAME superset-healthd COMPONENT debian EXCLUDE_FROM_ALL)

# ---- the package ------------------------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME superset-healthd)
set(CPACK_PACKAGE_CONTACT "superset-healthd maintainers <maintainers@superset-healthd.invalid>")
set(CPACK_INSTALL_CMAKE_PROJECTS
  "${PROJECT_BINARY_DIR};${PROJECT_NAME};ALL;/;${PROJECT_BINARY_DIR};${PROJECT_NAME};debian;/")
set(CPACK_SET_DESTDIR ON)  # /etc is not below the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "health monitor of an Apache Superset production stack")
set(CPACK_PACKAGE_DESCRIPTION
"Watches Nginx, Gunicorn, PostgreSQL, Redis, Celery workers and Celery Beat of
one Superset installation from outside, tells cause from effect, and alerts by
Alertmanager, PagerDuty, Slack, e-mail or a webhook, with a runbook for each
alert. It serves Prometheus metrics, a status page and the runbooks.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# For an image without systemd, which should not get one for the sake of an account.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${package}/preinst ${package}/postinst ${package}/prerm ${package}/postrm ${PROJECT_BINARY_DIR}/package/conffiles)
file(WRITE ${PROJECT_BINARY_DIR}/package/conffiles "/etc/superset-healthd/config.yaml\n")
include(CPack)
