# SPDX-License-Identifier: MIT
#
# The conformance cases to which cache policies could make a difference, with
# each policy.  Needs root and /dev/fuse.
. "$(dirname "$0")/lanes.sh"

areas='open attr priv size io map dir stat flags tmpfile lock under event pipe
	full times exec far'

# shellcheck disable=SC2086 # words
{
	run metadata "$disk" cache=metadata $areas
	run writeback "$tmpfs" writeback $areas
} &
# shellcheck disable=SC2086 # words
{
	run never "$tmpfs" cache=never $areas
	run always "$tmpfs" cache=always $areas
	run direct-io "$tmpfs" direct-io $areas
}
finish metadata writeback never always direct-io
