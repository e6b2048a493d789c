# The tree's own rules, checked.
layer_checks = \
	%reldir%/check-checks.sh \
	%reldir%/check-headers.sh \
	%reldir%/check-layers.sh \
	%reldir%/check-prefix.sh \
	%reldir%/check-size.sh \
	%reldir%/check-style.sh
TESTS += $(layer_checks)
EXTRA_DIST += $(layer_checks) \
	%reldir%/check-symbols.sh \
	%reldir%/layers.txt \
	%reldir%/size-exceptions.txt \
	%reldir%/tree.sh
