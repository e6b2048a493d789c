#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Hosts built with the frozen, today's and a future header, each with plugins
# built with each of them and with the real one.

cd "${top_builddir:?}" || exit 1

ABI_PLUGIN_REAL=$PWD/.libs/virtiofs.so
HVLITE_LOG=warn
export ABI_PLUGIN_REAL ABI_PLUGIN ABI_PLUGIN_KIND HVLITE_LOG
status=0

for host in older current future
do
	for ABI_PLUGIN_KIND in older current future real
	do
		ABI_PLUGIN=$PWD/.libs/abi_plugin_$ABI_PLUGIN_KIND.so
		[ $ABI_PLUGIN_KIND != real ] || ABI_PLUGIN=$ABI_PLUGIN_REAL
		if out=$(./abi_host_$host 2>&1)
		then
			echo "host $host, plugin $ABI_PLUGIN_KIND: works"
		else
			echo "host $host, plugin $ABI_PLUGIN_KIND: fails"
			printf '%s\n' "$out"
			status=1
		fi
	done
done
exit $status
