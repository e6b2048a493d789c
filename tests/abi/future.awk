# SPDX-License-Identifier: MIT
#
# Makes of include/pciplug.h the header of a time to come: to each struct that
# begins with its size, members are appended.

/^struct pciplug_[a-z]+ \{/ { name = $2 }
/^};/ {
	if (name == "pciplug_host")
		print "\tint (*future_call)(void *ctx);"
	if (name == "pciplug_plugin")
		print "\tint (*future_op)(struct pciplug_device *dev);"
	if (name != "")
		print "\tuint64_t future_word;"
	name = ""
}
{ print }
