# bash completion for superset-healthd(8)

# Prints the words that may follow: $1 is the verb, with its second part, or "" while there is none.
_superset_healthd_words() {
  local lever="--control.socket --help"
  local daemon="--config.file --config.strict --web.config.file --web.listen-address --web.external-url --storage.path --control.socket
    --log.level --log.format --help"
  case "$1" in
    "") echo "run check-config probe grants rules runbook test-notify silence ack maintenance status reload --version $daemon" ;;
    run) echo "$daemon" ;;
    check-config) echo "--config.file --web.config.file --help" ;;
    test-notify) echo "--config.file --help" ;;
    runbook) echo "--help" ;;
    probe) echo "--config.file --explain --output --help" ;;
    grants) echo "postgres redis --config.file --check --probe --help" ;;
    rules) echo "prometheus alertmanager --config.file --self --runbook-base-url --help" ;;
    silence) echo "add list expire --help" ;;
    "silence add") echo "--for --author --comment $lever" ;;
    "silence list" | "maintenance list" | status) echo "--output $lever" ;;
    "silence expire" | "maintenance end" | reload) echo "$lever" ;;
    ack) echo "--author --comment $lever" ;;
    maintenance) echo "start end list --help" ;;
    "maintenance start") echo "--for --component --author --reason $lever" ;;
  esac
}

# Prints the values of option $2 of the verb $1; fails where it takes none that we know.
_superset_healthd_values() {
  case "$2" in
    --log.level) echo "debug info warning error" ;;
    --log.format) echo "text json" ;;
    --output) if [ "$1" = probe ]; then echo "text json nagios"; else echo "text json"; fi ;;
    --component) echo "nginx gunicorn superset postgres redis celery beat" ;;
    *) return 1 ;;
  esac
}

# Whether the option $1 takes a value.
_superset_healthd_takes_value() {
  case "$1" in
    --explain | --check | --self | --config.strict | --help | -h | --version) return 1 ;;
    --*) return 0 ;;
    *) return 1 ;;
  esac
}

# Sets `verb` from the words before the one under the cursor.
_superset_healthd_verb() {
  local i word
  verb=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if _superset_healthd_takes_value "$word"; then
      # readline splits at the equals sign, so that is a word of its own
      if [ "${COMP_WORDS[i + 1]}" = "=" ]; then i=$((i + 2)); else i=$((i + 1)); fi
      continue
    fi
    case "$verb:$word" in
      *:-*) ;;
      :*) verb=$word ;;
      silence:add | silence:list | silence:expire | maintenance:start | maintenance:end | maintenance:list)
        verb="$verb $word"
        ;;
    esac
  done
}

_superset_healthd() {
  local verb words option=""
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  _superset_healthd_verb
  if [ "$current" = "=" ]; then
    option=$before current=""
  elif [ "$before" = "=" ] && [ "$COMP_CWORD" -ge 2 ]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  elif _superset_healthd_takes_value "$before"; then
    option=$before
  fi
  COMPREPLY=()
  case "$option" in
    "") words=$(_superset_healthd_words "$verb") ;;
    --config.file | --storage.path | --control.socket)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    *) words=$(_superset_healthd_values "$verb" "$option") || return 0 ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _superset_healthd superset-healthd
