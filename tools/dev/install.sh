#!/usr/bin/env bash
# install.sh PACKAGE... : as root, install packages without starting or enabling any of their services.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# Package scripts ask policy-rc.d whether they may start a service; 101 means no. A policy that was there comes back.
policy=/usr/sbin/policy-rc.d
saved=
[ -e $policy ] && saved=$(mktemp -d) && mv $policy "$saved/policy-rc.d"
restore() {
    rm -f $policy
    if [ -n "$saved" ]; then mv "$saved/policy-rc.d" $policy && rmdir "$saved"; fi
}
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' >$policy
chmod 755 $policy

if [[ " $* " == *" postfix "* ]]; then
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
fi
had_cluster=
if [ -e /etc/postgresql/15/main ]; then had_cluster=1; fi
install() { apt-get install -y -q --no-install-recommends "$@"; }
if ! apt-get install -s -q --no-install-recommends "$@" >/dev/null 2>&1; then apt-get update -q; fi
# Package lists that have aged name files which are gone: fresh lists and one more try.
install "$@" || { apt-get update -q && install "$@"; }

# The package makes a cluster of the system, which nothing here uses.
if [[ " $* " == *" postgresql-15 "* && -z $had_cluster && -e /etc/postgresql/15/main ]]; then pg_dropcluster 15 main; fi

for service in postfix saslauthd; do
    case " $* " in
        *" postfix "* | *" sasl2-bin "*) systemctl disable --quiet $service >/dev/null 2>&1 || true ;;
    esac
done
