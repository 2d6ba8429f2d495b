#!/bin/sh
# What the tools of a throw-away box do: box-tool.sh NODE STATE TOOL ARGUMENT…
# Only what we use of each tool is here; anything else fails loudly. Units are kept running by
# box-runner.ts, which reads the unit or the property list as it was written.
node=$1 state=$2 tool=$3
shift 3
PATH=/usr/bin:/bin
printf '%s\n' "$tool $*" >>"$state/calls"

fail() {
  printf '%s\n' "$1" >&2
  exit "${2:-1}"
}
units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user

is_up() {
  [ -f "$state/$1.runner" ] && pid=$(cat "$state/$1.runner") && [ -d "/proc/$pid" ] &&
    ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null
}

# launch NAME FILE: starts a runner for it, unless one runs.
launch() {
  [ -f "$2" ] || fail "Unit $1 not found." 5
  is_up "$1" && return
  rm -f "$state/$1.stop" "$state/$1.failed"
  setsid "$node" "$(dirname "$0")/box-runner.ts" "$state" "$1" "$2" \
    </dev/null >/dev/null 2>>"$state/runner-log" &
  echo $! >"$state/$1.runner"
  echo $! >>"$state/runners"
}

halt() {
  : >"$state/$1.stop"
  while is_up "$1"; do sleep 0.02; done
}

systemctl() {
  [ "$1" = --user ] || fail "not of the user: $*"
  [ -f "$state/no-manager" ] && fail 'Failed to connect to bus: No medium found'
  case $2 in
    show-environment | daemon-reload) ;;
    enable) [ -f "$units/$3" ] || fail "Unit $3 not found." && : >"$state/$3.enabled" ;;
    disable) rm -f "$state/$3.enabled" ;;
    reset-failed) rm -f "$state/$3.failed" ;;
    start) launch "$3" "$units/$3" ;;
    stop) halt "$3" ;;
    show)
      active=inactive loaded=not-found enabled=disabled
      [ -f "$state/$3.failed" ] && active=failed
      is_up "$3" && active=active
      [ -f "$units/$3" ] && loaded=loaded
      [ -f "$state/$3.enabled" ] && enabled=enabled
      printf '%s\n' "LoadState=$loaded" "ActiveState=$active" "UnitFileState=$enabled" 'Result=exit-code'
      ;;
    *) fail "what is $2?" ;;
  esac
}

launchctl() {
  label=${2##*/}
  case $1 in
    bootstrap)
      label=$(basename "$3" .plist)
      [ -f "$state/$label.booted" ] && fail 'Bootstrap failed: 5: Input/output error' 5
      printf '%s' "$3" >"$state/$label.booted"
      launch "$label" "$3"
      ;;
    bootout)
      [ -f "$state/$label.booted" ] || fail 'Boot-out failed: 3: No such process' 3
      halt "$label"
      rm -f "$state/$label.booted"
      ;;
    kickstart)
      [ -f "$state/$label.booted" ] || fail 'Could not find service' 113
      launch "$label" "$(cat "$state/$label.booted")"
      ;;
    print)
      case $2 in
        */*/*) [ -f "$state/$label.booted" ] || fail 'Could not find service' 113 ;;
      esac
      is_up "$label" && printf '\tstate = running\n\tpid = 1\n'
      true
      ;;
    print-disabled | enable) ;;
    *) fail "what is $1?" ;;
  esac
}

loginctl() {
  case $1 in
    show-user) printf 'Linger=%s\n' "$(cat "$state/linger" 2>/dev/null || echo no)" ;;
    enable-linger)
      [ -f "$state/no-linger" ] && fail 'Could not enable linger: Access denied'
      printf yes >"$state/linger"
      ;;
    *) fail "what is $1?" ;;
  esac
}

crontab() {
  case $1 in
    -l) cat "$state/crontab" 2>/dev/null || fail 'no crontab for somebody' ;;
    -r) rm "$state/crontab" ;;
    -) cat >"$state/crontab.new" && mv "$state/crontab.new" "$state/crontab" ;;
    *) fail "what is $1?" ;;
  esac
}

"$tool" "$@"
