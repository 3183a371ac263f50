#compdef superset-healthd
# zsh completion for superset-healthd(8)

local config='--config.file=[the configuration]:file:_files'
local web='--web.config.file=[TLS, users and header fields of the pages]:file:_files'
local socket='--control.socket=[the socket of the running daemon]:file:_files'
local -a help=('(- *)'{-h,--help}'[print help]')
local text_json='--output=[how to print]:format:(text json)'
local author='--author=[in whose name]:name:'
local comment='--comment=[why]:text:'
local for='--for=[how long, such as 2h]:duration:'
local -a daemon=(
  $config $web $socket
  '--config.strict[do not start on what was last in use]'
  '--web.listen-address=[where to serve pages and metrics]:address:'
  '--web.external-url=[the address by which people reach the pages]:url:'
  '--storage.path=[what is kept across restarts]:folder:_files -/'
  '--log.level=[the least level to log]:level:(debug info warning error)'
  '--log.format=[how to log]:format:(text json)'
)

_superset_healthd_verbs() {
  local -a verbs=(
    'run:the daemon, which is the default'
    'check-config:print every problem of the configuration'
    'probe:run configured probes once'
    'grants:print the least rights that the probes need'
    'rules:print the alert catalogue for Prometheus or Alertmanager'
    'runbook:print what to do about an alert'
    'test-notify:send a marked test alert'
    'silence:hold back alerts that are about to begin'
    'ack:take an open incident on'
    'maintenance:hold back alerts while somebody works on the stack'
    'status:what the running daemon sees'
    'reload:have the daemon read its configuration again'
  )
  _describe -t verbs verb verbs
}

_superset_healthd_two() {
  local -a parts
  case $1 in
    silence) parts=('add:hold back alerts' 'list:list the silences' 'expire:end a silence') ;;
    maintenance) parts=('start:begin it' 'end:end it before its time' 'list:what is on') ;;
  esac
  _describe -t parts part parts
}

# The options of $1, the verb, or of $1 and $2.
_superset_healthd_options() {
  case "$*" in
    run) _arguments $help $daemon ;;
    check-config) _arguments $help $config $web ;;
    runbook) _arguments $help '1:alert:' ;;
    test-notify) _arguments $help $config '1:receiver:' ;;
    probe) _arguments $help $config '--explain[print phases, checks, samples and evidence]' \
      '--output=[how to print]:format:(text json nagios)' '*:probe:' ;;
    grants) _arguments $help $config '--check[log in and name what is missing and too much]' \
      '*--probe=[only the accounts of these probes]:probe:' '1:section:(postgres redis)' ;;
    rules) _arguments $help $config '--self[only what the daemon says of itself]' \
      '--runbook-base-url=[where the runbooks are]:url:' '1:for whom:(prometheus alertmanager)' ;;
    silence\ add) _arguments $help $socket $for $author $comment '*:matcher:' ;;
    silence\ expire | maintenance\ end) _arguments $help $socket '1:id:' ;;
    silence\ list | maintenance\ list | status) _arguments $help $socket $text_json ;;
    maintenance\ start) _arguments $help $socket $for $author '--reason=[why]:text:' \
      '*--component=[only these parts]:component:(nginx gunicorn superset postgres redis celery beat)' ;;
    ack) _arguments $help $socket $author $comment '1:incident:' ;;
    reload) _arguments $help $socket ;;
  esac
}

_superset_healthd() {
  local curcontext=$curcontext context state state_descr line
  local -A opt_args
  _arguments -C $help '(- *)--version[print the version]' $daemon '1: :->verb' '*:: :->rest' && return
  case $state in
    verb) _superset_healthd_verbs ;;
    rest)
      case ${words[1]} in
        silence | maintenance)
          local first=${words[1]}
          _arguments -C $help '1: :->part' '*:: :->last' && return
          case $state in
            part) _superset_healthd_two $first ;;
            last) _superset_healthd_options "$first ${words[1]}" ;;
          esac
          ;;
        *) _superset_healthd_options ${words[1]} ;;
      esac
      ;;
  esac
}

_superset_healthd "$@"
