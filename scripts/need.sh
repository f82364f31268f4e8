#!/bin/sh
# Makes sure that tools exist: need.sh rabbitmq gcc
#
# As root on Debian, what is missing is installed, without starting a service. Otherwise the
# command to type is printed and the exit status is 1. Prints nothing when all is there.
set -eu

policy=/usr/sbin/policy-rc.d

# has TOOL: whether it is there and works.
has() {
	case $1 in
	rabbitmq)
		[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ||
			[ -x "${RABBITMQ_HOME:-/nonexistent}/sbin/rabbitmq-server" ] ||
			command -v rabbitmq-server >/dev/null
		;;
	gcc) # without the C library's headers it is of no use to cgo
		command -v gcc >/dev/null &&
			echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1
		;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# packages TOOL: Debian's packages for it.
packages() {
	case $1 in
	rabbitmq) echo rabbitmq-server ;;
	gcc) echo gcc libc6-dev ;;
	*) echo "$1" ;;
	esac
}

# forbid_services keeps the packages' scripts from starting a service while this script runs.
# A policy that is there already is left alone.
forbid_services() {
	[ ! -e "$policy" ] || return 0
	trap 'rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

missing=
wanted=
for tool in "$@"; do
	has "$tool" && continue
	missing="$missing $tool"
	wanted="$wanted $(packages "$tool")"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "missing:$missing; there is no apt-get here: install them by hand (Debian's packages:$wanted)" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "missing:$missing; type: sudo apt-get install --no-install-recommends$wanted" >&2
	exit 1
fi

forbid_services
export DEBIAN_FRONTEND=noninteractive
apt-get update
# shellcheck disable=SC2086 # one word a package
apt-get install -y --no-install-recommends $wanted

for tool in $missing; do
	if ! has "$tool"; then
		echo "still missing: $tool" >&2
		exit 1
	fi
done
