#!/usr/bin/env bash
# Installs the programs of others that tests/peers/ and some specs drive, as far as Debian has them: best effort, never an
# error. What cannot be had is named, and its tests are skipped with the reason. No service is started. Nothing is removed:
# a machine with another mail server keeps it. Downloads end after so many seconds in all (the first parameter, 300).
set -uo pipefail
exec </dev/null
limit=$((SECONDS + ${1:-300}))

say() { printf '== %s\n' "$*"; }
net_smpp() { perl -MNet::SMPP -e 1; }
# Where Exim is unpacked, for Debian lets a machine have one mail server, and OpenSMTPD is one.
exim_folder=/opt/findme-peers/exim
exim() { command -v exim4 || { [[ -x $exim_folder/usr/sbin/exim4 ]] && ! ldd "$exim_folder/usr/sbin/exim4" | grep -q 'not found'; }; }

# A program, or a check, and the package that brings it; the small ones first.
peers=(
  xmlsec1:xmlsec1 protoc:protobuf-compiler net_smpp:libnet-smpp-perl snmpget:snmp snmpd:snmpd bearerbox:kannel
  chromium:chromium smtpd:opensmtpd osmo-cbc:osmo-cbc icecast2:icecast2 liquidsoap:liquidsoap firefox-esr:firefox-esr exim:exim4-daemon-light
)
missing=()
for peer in "${peers[@]}"; do
  case ${peer%%:*} in
    net_smpp) net_smpp ;;
    exim) exim ;;
    *) command -v "${peer%%:*}" ;;
  esac >/dev/null 2>&1 || missing+=("${peer#*:}")
done
((${#missing[@]} > 0)) || exit 0
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  say "Not installed, and this is not root with apt-get: ${missing[*]}. Their tests are skipped."
  exit 0
fi

say "Installing ${missing[*]} for the tests that use them"
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
fi
apt=(apt-get -qq -y -o Acquire::Retries=1 --no-install-recommends --no-remove)
left() { local seconds=$((limit - SECONDS)); echo $((seconds > 1 ? seconds : 1)); }

# Exim's libraries are installed, the program is only unpacked: nothing is configured or started, and no mail server replaced.
unpack_exim() {
  local folder
  folder=$(mktemp -d) || return 1
  timeout "$(left)" "${apt[@]}" install libdb5.3 libgnutls-dane0 libgnutls30 libidn12 libidn2-0 libnsl2 libpcre2-8-0 \
    && (cd "$folder" && timeout "$(left)" apt-get -qq -o APT::Sandbox::User=root download exim4-daemon-light) \
    && mkdir -p "$exim_folder" && dpkg -x "$folder"/exim4-daemon-light_*.deb "$exim_folder" && chmod u-s "$exim_folder/usr/sbin/exim4"
  local result=$?
  rm -rf "$folder"
  return "$result"
}

timeout "$(left)" "${apt[@]}" update >/dev/null 2>&1
failed=()
for package in "${missing[@]}"; do
  if [[ $package == exim4-daemon-light ]]; then
    unpack_exim >/dev/null 2>&1 || failed+=("$package")
    continue
  fi
  # Only what was downloaded is unpacked, so that no limit of time cuts an installation in two.
  { timeout "$(left)" "${apt[@]}" --download-only install "$package" && "${apt[@]}" --no-download install "$package"; } >/dev/null 2>&1 \
    || failed+=("$package")
done
((${#failed[@]} == 0)) || say "Not to be had here: ${failed[*]}. Their tests are skipped."
exit 0
