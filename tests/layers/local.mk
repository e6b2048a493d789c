# The tree's own rules, checked.
layer_checks = \
	%reldir%/check-checks.sh \
	%reldir%/check-hardening.sh \
	%reldir%/check-headers.sh \
	%reldir%/check-layers.sh \
	%reldir%/check-prefix.sh \
	%reldir%/check-security.sh \
	%reldir%/check-size.sh \
	%reldir%/check-style.sh \
	%reldir%/check-symbols.sh
TESTS += $(layer_checks)
EXTRA_DIST += $(layer_checks) \
	%reldir%/layers.txt \
	%reldir%/size-exceptions.txt \
	%reldir%/tree.sh
